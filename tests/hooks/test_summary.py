"""Last lines of a run: concerns that only warn; a failure is said once, by the error that follows."""

import pytest

from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.hooks.summary import RunSummary
from synthetic_textcat.pipelines.quality_report.concerns import Concern
from synthetic_textcat.schemas.block import Level
from tests.pipelines.quality_report.builders import ledger


def _concern(level: Level, says: str) -> Concern:
    return Concern(level=level, weight=0.5, parameter="p", says=says, then="look", signal="")


def test_a_failure_is_left_to_the_error(capsys: pytest.CaptureFixture[str]) -> None:
    summary = RunSummary(RunNotes())
    summary.after_dataset_saved(names.LEDGER, ledger())
    summary.after_dataset_saved(
        names.CONCERNS, [_concern("fail", "Only 6 of 9 rows were accepted"), _concern("warn", "Texts are short")]
    )

    summary.after_pipeline_run()

    printed = capsys.readouterr().out
    assert "warn      Texts are short" in printed
    assert "Only 6 of 9" not in printed
