"""Comparison of runs with several labels a text."""

from functools import cache

import pandas as pd
import pytest

from synthetic_textcat.hashing import draw
from synthetic_textcat.pipelines.compare.changes import changes
from synthetic_textcat.pipelines.compare.differences import Difference
from synthetic_textcat.pipelines.compare.evaluation_differences import evaluation_differences
from synthetic_textcat.pipelines.compare.page import Comparison
from synthetic_textcat.pipelines.compare.pairing import pair, row_diffs
from synthetic_textcat.pipelines.compare.text_differences import learnability_differences
from synthetic_textcat.pipelines.quality_report.signals.label_set_classifiers import learn_set
from synthetic_textcat.schemas.label_sets import label_set_code
from synthetic_textcat.schemas.rows import records_of, to_frame
from synthetic_textcat.schemas.run_records import REAL_PREDICTIONS, Evaluation
from synthetic_textcat.tables import FrameTable
from synthetic_textcat.text.label_set_samples import label_set_rows, label_set_samples
from tests.pipelines.compare.builders import leaked, outcomes, run
from tests.pipelines.compare.made_runs import compared
from tests.support.label_set_rows import MOOD, ROUTING, example_rows

_SETS = ((), ("a",), ("a", "b"), ("c",))


def _evaluation(share_right: float, *, mixed: bool = True) -> Evaluation:
    """Predictions of a task with label sets, of which such a share is right, and of one with single labels."""
    records = []
    for number in range(200):
        own = _SETS[number % 4]
        predicted = own if draw("sets", number) < share_right else ("b", "c")
        codes = (label_set_code(own), label_set_code(predicted))
        records.append(("t0", "Mark t0.", f"row {number}", *codes, "multi_label"))
        if mixed:
            records.append(("t1", "Sort t1.", f"row {number}", "a", "a", "single_label"))
    return Evaluation("name", {}, "null", "aa", to_frame(records, REAL_PREDICTIONS))


def test_label_sets_are_compared_by_macro_and_micro_f1() -> None:
    found = {each.measure: each for each in evaluation_differences(_evaluation(0.6), _evaluation(0.9), 42)}
    assert list(found) == ["real/macro_f1", "real/macro_f1/t0", "real/macro_f1/t1", "real/micro_f1"]
    micro, single = found["real/micro_f1"], found["real/macro_f1/t1"]
    assert micro.low is not None
    assert micro.high is not None
    assert 0.1 < micro.low < (micro.difference or 0) < micro.high
    assert micro.basis == "200 real rows, pair by pair"
    assert (single.difference, single.low, single.high) == (0, 0, 0)
    shown = Comparison(run(), run(), pair(outcomes([]), outcomes([])), changes(run(), run()), [*found.values()])
    assert shown.on_real_rows == [*found.values()]
    assert shown.of_corpus == []


def test_scores_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import f1_score

    (macro, micro) = evaluation_differences(_evaluation(0.6, mixed=False), _evaluation(0.9, mixed=False), 42)
    hot = [[name in own for name in "abc"] for own in (_SETS[number % 4] for number in range(200))]
    guessed = [
        [name in (own if draw("sets", number) < 0.6 else ("b", "c")) for name in "abc"]
        for number, own in enumerate(_SETS * 50)
    ]
    assert micro.baseline == pytest.approx(f1_score(hot, guessed, average="micro"), abs=1e-4)
    assert macro.baseline == pytest.approx(f1_score(hot, guessed, average="macro"), abs=1e-4)


def test_predictions_of_earlier_versions_are_of_single_labels() -> None:
    old, new = _evaluation(0.6), _evaluation(0.6)
    assert old.predictions is not None
    single = old.predictions[old.predictions["task_id"] == "t1"].drop(columns="task_type")
    (found,) = evaluation_differences(Evaluation("old", {}, "null", "aa", single), new, 42)
    assert (found.measure, found.difference) == ("real/macro_f1", 0)


def _outcomes(rows: pd.DataFrame) -> pd.DataFrame:
    columns = ["request_id", "input_text", "label", "labels", "misleading_label", "task_id"]
    return outcomes(records_of(rows[columns]))


@cache
def _rows() -> pd.DataFrame:
    return example_rows(160, tasks=(ROUTING, MOOD))


@cache
def _of_equal_runs() -> list[Difference]:
    return list(learnability_differences(compared(_outcomes(_rows()), _outcomes(_rows())), 42))


def test_of_equal_runs_neither_macro_nor_micro_f1_differs() -> None:
    macro, micro = _of_equal_runs()
    assert [found.measure for found in (macro, micro)] == ["learnability/macro_f1", "learnability/micro_f1"]
    assert macro.basis == "160 rows of each run, of 2 tasks that both have"
    assert micro.basis == "80 rows of each run, of 1 task that both have"
    for found, least in ((macro, 0.65), (micro, 0.45)):
        assert (found.difference, found.low, found.high) == (0, 0, 0)
        assert found.baseline is not None
        assert found.baseline > least


@pytest.mark.slow
def test_learnability_has_a_model_for_each_label() -> None:
    rows = _rows()
    shuffled = rows.assign(labels=rows.groupby("task_id")["labels"].transform(lambda own: own[::-1].to_numpy()))
    mixed = rows["labels"].where(rows["label"].notna(), shuffled["labels"])
    macro, micro = learnability_differences(compared(_outcomes(rows), _outcomes(rows.assign(labels=mixed))), 42)
    for found in (macro, micro):
        assert found.high is not None
        assert found.high < 0


def test_the_micro_f1_is_that_of_the_report() -> None:
    rows, (_, micro) = _rows(), _of_equal_runs()
    sets = label_set_rows(FrameTable(rows), [ROUTING.task_id])
    (sample,) = label_set_samples(sets, FrameTable(rows), [ROUTING.task], 42).samples
    assert micro.baseline == learn_set(sample).micro_f1


def test_a_row_is_shown_with_all_its_labels() -> None:
    before = outcomes([{"label": None, "labels": ("a", "b")}, {"label": None, "labels": ()}, {}])
    after = outcomes([leaked(label=None, labels=("a", "b")), leaked(label=None, labels=()), leaked()])
    shown = row_diffs(pair(before, after))["lost"]
    assert [row["baseline"]["labels"] for row in shown] == [["a", "b"], ["none of the labels"], ["bad"]]
