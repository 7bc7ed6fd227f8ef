"""Thresholds are measured on the rows of the tasks that are not paused."""

from collections.abc import Sequence

import pandas as pd
import pytest

from synthetic_textcat.pipelines.quality_report.concerns import assess
from synthetic_textcat.pipelines.quality_report.paused_shares import without_paused
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.stops import PausedTask
from tests.pipelines.quality_report.builders import ledger

_REFUSED = ("t1", "failed", "refused")
_LEAKED = ("t2", "rejected", "label_leaked")
_GOOD = ("t0", "accepted", None)
_METRICS = {"rate/parsed": 40 / 60, "rate/label_leaked": 0.5, "language/agreement": 0.9}


def _outcomes(rows: Sequence[tuple[str, str, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["task_id", "outcome", "reason"])


def _paused(task_id: str, reason: str) -> PausedTask:
    return PausedTask(task_id=task_id, task="Sort.", reason=reason, replies=20, not_asked=5)


_PAUSED = (_paused("t1", "refused"), _paused("t2", "label_leaked"))


def test_paused_tasks_fail_no_run_in_which_the_others_went_well() -> None:
    outcomes = _outcomes([_REFUSED] * 20 + [_LEAKED] * 20 + [_GOOD] * 30)
    seen = without_paused(_METRICS, outcomes, _PAUSED)
    assert seen == {"rate/parsed": 1.0, "rate/label_leaked": 0.0, "language/agreement": 0.9}
    made, settings = ledger(accepted=30, rejected={}, failed={}, not_run=0), QualityReportParameters()
    assert [concern["level"] for concern in assess(made, _METRICS, settings, {})][:2] == ["fail", "fail"]
    assert "fail" not in [concern["level"] for concern in assess(made, seen, settings, {})]


@pytest.mark.parametrize("others", [[], [("t0", "not_run", None)] * 5, [("t0", "failed", "timeout")]])
def test_where_no_other_task_got_a_reply_all_rows_count(others: list[tuple[str, str, str | None]]) -> None:
    outcomes = _outcomes([_REFUSED] * 20 + [_LEAKED] * 20 + others)
    assert without_paused(_METRICS, outcomes, _PAUSED) == _METRICS


def test_without_a_pause_nothing_changes() -> None:
    assert without_paused(_METRICS, _outcomes([_GOOD] * 60), ()) == _METRICS
