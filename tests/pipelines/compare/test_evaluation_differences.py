"""The paired difference of two runs on the user's real rows."""

import pandas as pd
import pytest

from synthetic_textcat.hashing import draw
from synthetic_textcat.pipelines.compare.evaluation_differences import evaluation_differences
from synthetic_textcat.schemas.rows import to_frame
from synthetic_textcat.schemas.run_records import REAL_PREDICTIONS, Evaluation

_LABELS = ("billing", "delivery")


def _evaluation(share_right: float, rows: int = 200, tasks: int = 1, name: str = "a") -> Evaluation:
    """Predictions of which such a share is right; the rows are the same for any share."""
    records = []
    for number in range(rows):
        label = _LABELS[number // tasks % 2]
        is_right = draw(name, number) < share_right
        predicted = label if is_right else _LABELS[1 - _LABELS.index(label)]
        task = f"t{number % tasks}"
        records.append((task, f"Sort {task}.", f"row {number}", label, predicted, "single_label"))
    return Evaluation(name, {}, "null", "aa", to_frame(records, REAL_PREDICTIONS))


def test_a_better_run_is_higher_and_the_interval_holds_the_difference() -> None:
    (found,) = evaluation_differences(_evaluation(0.6), _evaluation(0.9), 42)
    assert found.measure == "real/macro_f1"
    assert found.low is not None
    assert found.high is not None
    assert found.difference == pytest.approx(0.3, abs=0.1)
    assert 0.15 < found.low < (found.difference or 0) < found.high
    assert found.basis == "200 real rows, pair by pair"


def test_equal_predictions_have_no_difference_at_all() -> None:
    (found,) = evaluation_differences(_evaluation(0.8), _evaluation(0.8), 42)
    assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0)


def test_pairs_have_narrower_intervals_than_two_samples() -> None:
    paired = evaluation_differences(_evaluation(0.7), _evaluation(0.8), 42)[0]
    apart = evaluation_differences(_evaluation(0.7, name="b"), _evaluation(0.8), 42)[0]
    widths = [(each.high or 0) - (each.low or 0) for each in (paired, apart)]
    assert widths[0] < 0.8 * widths[1]


def test_each_task_has_a_difference_of_its_own_where_there_are_several() -> None:
    found = evaluation_differences(_evaluation(0.6, tasks=2), _evaluation(0.9, tasks=2), 42)
    assert [each.measure for each in found] == ["real/macro_f1", "real/macro_f1/t0", "real/macro_f1/t1"]
    assert found[1].basis == "100 real rows of 'Sort t0.'"
    mean = sum(each.difference or 0 for each in found[1:]) / 2
    assert found[0].difference == pytest.approx(mean, abs=1e-3)


def test_a_task_that_has_got_several_labels_a_text_is_left_out_and_counted() -> None:
    before, after = _evaluation(0.7, tasks=2), _evaluation(0.7, tasks=2)
    assert after.predictions is not None
    sets = after.predictions["task_id"] == "t1"
    codes = {"label": '["{}"]'.format, "predicted": '["{}"]'.format, "task_type": lambda _: "multi_label"}
    for name, code in codes.items():
        after.predictions.loc[sets, name] = after.predictions.loc[sets, name].map(code)
    (found,) = evaluation_differences(before, after, 42)
    assert found.basis == (
        "100 real rows, pair by pair; "
        "100 of the baseline's and 100 of the candidate's rows are not in both, and left out"
    )


def test_only_rows_of_both_runs_count() -> None:
    (found,) = evaluation_differences(_evaluation(0.7, rows=120), _evaluation(0.7, rows=80), 42)
    assert found.basis == (
        "80 real rows, pair by pair; 40 of the baseline's and 0 of the candidate's rows are not in both, and left out"
    )
    single = evaluation_differences(_evaluation(0.7, rows=1), _evaluation(0.7, rows=1), 42)[0]
    assert (single.low, single.high) == (None, None)


@pytest.mark.parametrize("lacking", [None, Evaluation("old", {}, "null", "aa")])
def test_without_predictions_of_both_there_is_none(lacking: Evaluation | None) -> None:
    assert evaluation_differences(lacking, _evaluation(0.7), 42) == []
    assert evaluation_differences(_evaluation(0.7), lacking, 42) == []
    empty = Evaluation("none", {}, "null", "", pd.DataFrame(columns=list(REAL_PREDICTIONS)).astype("str"))
    assert evaluation_differences(empty, _evaluation(0.7), 42) == []
