"""Progress where there is no terminal: log lines."""

import logging
import re

import pytest
from kedro.pipeline import node

from synthetic_textcat.hooks import Progress, RunNotes
from synthetic_textcat.llm.settlement import OpenRow, OpenRows
from tests.llm.builders import completion
from tests.pipelines.quality_report.builders import PRICES

_SETTLING = node(lambda x: x, "a", "b", name="quote.settle_rows")


def _lines(caplog: pytest.LogCaptureFixture, every_s: float, rows: int, name: str = "open_rows") -> list[str]:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    progress = Progress(RunNotes(), every_s)
    progress.after_dataset_saved(name, OpenRows([OpenRow(n, "", []) for n in range(rows)], any_good=False))
    progress.after_dataset_loaded("prices", PRICES)
    for number in range(rows):
        progress.after_dataset_saved("completions", [completion(request_id=f"r{number}")])
    progress.before_node_run(_SETTLING)
    progress.on_pipeline_error()
    return caplog.messages


@pytest.mark.parametrize("name", ["open_rows", "quote.open_rows"])
def test_lines_come_every_so_often_and_at_the_end(caplog: pytest.LogCaptureFixture, name: str) -> None:
    lines = _lines(caplog, every_s=0, rows=3, name=name)
    assert [re.split("[ /]", line)[0] for line in lines] == ["1", "2", "3", "3"]
    assert all(re.match(r"\d/3 rows, .*\d/s, \d+ tokens, \$0\.0", line) for line in lines)


def test_between_them_nothing_is_said_but_the_last(caplog: pytest.LogCaptureFixture) -> None:
    assert len(_lines(caplog, every_s=1000, rows=3)) == 1


def test_where_nothing_is_asked_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert _lines(caplog, every_s=0, rows=0) == []


def test_a_journal_that_is_written_by_brainstorming_is_no_progress(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    Progress(RunNotes(), 0).after_dataset_saved("completions", [completion()])
    assert caplog.messages == []
