"""What the rows of two runs train, and when that is no fair comparison."""

from typing import Any

import pytest

from synthetic_textcat.pipelines.compare.evaluations import Trained, caveats, trained
from synthetic_textcat.schemas.run_records import Evaluation, RunRecord
from tests.pipelines.compare.builders import run

_METRICS = {
    "real/macro_f1": 0.81,
    "real/macro_f1_low": 0.7,
    "real/macro_f1_high": 0.9,
    "real/macro_f1/0a1b": 0.81,
    "real/macro_f1_by_rows/100": 0.6,
    "real/rows": 1200.0,
    "train/triplet_accuracy_after": 0.98,
    "yield/all": 0.5,
}


def _run(**changes: Any) -> RunRecord:
    made = {"name": "evaluate-a", "metrics": _METRICS, "model": "null", "real_rows": "aa"}
    return run(evaluation=Evaluation(**{**made, **changes}))


def test_scores_stand_beside_each_other_with_their_intervals() -> None:
    other = _run(metrics={"real/macro_f1": 0.5, "train/held_out_synthetic_macro_f1": 0.9})
    assert trained(_run(), other) == [
        Trained("real/macro_f1", "0.810 (0.700 to 0.900)", "0.500"),
        Trained("real/macro_f1_by_rows/100", "0.600", None),
        Trained("real/rows", "1,200", None),
        Trained("train/held_out_synthetic_macro_f1", None, "0.900"),
        Trained("train/triplet_accuracy_after", "0.980", None),
    ]
    assert not list(caveats(_run(), other))


@pytest.mark.parametrize(
    ("baseline", "candidate", "told"),
    [
        (_run(), _run(real_rows="bb"), "different evaluation sets"),
        (_run(), _run(model="models/mine"), "different models (null, models/mine)"),
        (_run(), run(), "rows of the candidate: run evaluate after each generate"),
        (run(), _run(), "rows of the baseline: run"),
    ],
)
def test_what_does_not_compare_is_told(baseline: RunRecord, candidate: RunRecord, told: str) -> None:
    (caveat,) = caveats(baseline, candidate)
    assert told in caveat


def test_runs_that_nobody_evaluated_have_nothing_to_tell() -> None:
    assert trained(run(), run()) == []
    assert not list(caveats(run(), run()))
