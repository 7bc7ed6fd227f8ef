"""Progress on many rows, where there is no terminal: log lines; on few rows nothing."""

import logging

import pytest

from synthetic_textcat.pipelines.quality_report.checks.watch import MANY, watched


def test_all_rows_are_handed_on_and_lines_tell_how_far_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    assert list(watched(iter(range(MANY)), MANY, "Checking rows", every_s=0)) == list(range(MANY))
    assert len(caplog.messages) == MANY // 1_000
    assert caplog.messages[4].startswith(f"Checking rows: 5,000 of {MANY:,}, ")


def test_between_lines_some_time_passes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    assert len(list(watched(range(MANY), MANY, "Checking rows", every_s=1000))) == MANY
    assert caplog.messages == []


def test_of_few_rows_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    assert list(watched(range(MANY), MANY - 1, "Checking rows", every_s=0)) == list(range(MANY))
    assert caplog.messages == []
