"""Agreement of a judge with the labels, counted by hand."""

import json
from functools import cache

import pandas as pd
import pytest

from synthetic_textcat.pipelines.quality_report.signals.agreement import label_agreement
from synthetic_textcat.pipelines.quality_report.signals.corpus import SignalResult
from synthetic_textcat.schemas.label_verdicts import LABEL_VERDICTS, NONE_OF_THESE
from synthetic_textcat.schemas.rows import REJECTED, to_frame, with_columns
from synthetic_textcat.tables import as_table
from synthetic_textcat.text.intervals import wilson_interval
from tests.pipelines.quality_report.builders import example_frame
from tests.pipelines.quality_report.signals.judged import JUDGE, OPEN_TASK, TASK, TASKS, Judged, judged, together

AGREED = [("billing", "billing")] * 12 + [("delivery", "delivery")] * 6 + [("praise", "praise")] * 2
MIXED_UP = [("billing", "delivery")] * 3 + [("delivery", "billing")]
OTHERS: list[tuple[str, str | None]] = [("praise", NONE_OF_THESE), ("praise", None)]


def measured(rows: Judged) -> SignalResult:
    return label_agreement((as_table(rows.candidates),), as_table(rows.verdicts), TASKS)


@cache
def _usual() -> SignalResult:
    return measured(judged([*AGREED, *MIXED_UP, *OTHERS]))


def test_agreement_has_a_wilson_interval_and_all_judged_rows_are_counted_once() -> None:
    found, worst = _usual().metrics, _usual().worst

    low, high = wilson_interval(20 / 26, 26)
    assert {name: found[f"label/{name}"] for name in ("judged", "disputed", "undecided", "ambiguous")} == {
        "judged": 26,
        "disputed": 5,
        "undecided": 1,
        "ambiguous": 0,
    }
    assert (found["label/agreement"], found["label/agreement_low"], found["label/agreement_high"]) == pytest.approx(
        (20 / 26, low, high), abs=1e-4
    )
    assert len(worst["disputes"]) == 5  # undecided votes are none


@pytest.mark.parametrize("verdicts", [None, to_frame([], LABEL_VERDICTS)])
def test_without_a_verdict_nothing_is_measured(verdicts: pd.DataFrame | None) -> None:
    assert label_agreement((as_table(example_frame([{}])),), as_table(verdicts), TASKS) == SignalResult({})


def test_rows_that_were_to_be_judged_and_were_not_are_counted() -> None:
    rows = judged([("billing", "billing")])

    assert (
        label_agreement((as_table(rows.candidates),), as_table(rows.verdicts), TASKS, 3).metrics["label/unjudged"] == 3
    )
    none = label_agreement((as_table(rows.candidates),), as_table(rows.verdicts.head(0)), TASKS, 3)
    assert none == SignalResult({"label/judged": 0, "label/unjudged": 3})


def test_rejected_and_surplus_rows_with_a_verdict_count_and_no_verdicts_without_a_row() -> None:
    rows = judged([("billing", "billing"), ("billing", "delivery"), *[("praise", "praise")] * 2])
    parts = [rows.candidates.iloc[[place]] for place in range(3)]
    rejected = with_columns(parts[1].assign(reject_reason="label_disputed", detail=""), REJECTED)

    found = label_agreement(
        tuple(map(as_table, (parts[0], parts[2], rejected))), as_table(rows.verdicts), TASKS
    ).metrics

    assert (found["label/judged"], found["label/disputed"]) == (3, 1)
    assert found["label/agreement"] == pytest.approx(2 / 3, abs=1e-4)


@cache
def _of_two_tasks() -> SignalResult:
    """Of a closed task in German, and of an open one in French."""
    closed = judged([*AGREED, *MIXED_UP], language="German")
    return measured(together([closed, judged([("glad", "sad")] * 3, OPEN_TASK, "sad", language="French")]))


def test_groups_with_few_rows_have_no_metric_and_come_last() -> None:
    found = _of_two_tasks()

    assert found.metrics[f"label/agreement/task/{TASK.task_id}"] == pytest.approx(20 / 24, abs=1e-4)
    assert found.metrics["label/agreement/language/de"] == pytest.approx(20 / 24, abs=1e-4)
    assert f"label/agreement/task/{OPEN_TASK.task_id}" not in found.metrics
    assert "label/agreement/language/fr" not in found.metrics
    by_attribute = found.tables["agreement_by_attribute"]
    assert [(line["value"], line["judged"]) for line in by_attribute if line["attribute"] == "language"] == [
        ("German", 24),
        ("French", 3),
    ]
    assert {line["attribute"] for line in by_attribute} == {"language", "difficulty", "clarity", "num_words"}


def test_user_defined_attributes_may_have_any_name() -> None:
    rows = judged([("billing", "billing")] * 20 + [("billing", "delivery")] * 20)
    own = {name: ["a"] * 20 + ["b"] * 20 for name in ("votes", "agrees", "judge", "value", "judged")}

    found = label_agreement((as_table(rows.candidates.assign(**own)),), as_table(rows.verdicts), TASKS)

    for name in own:
        assert (found.metrics[f"label/agreement/{name}/a"], found.metrics[f"label/agreement/{name}/b"]) == (1, 0)


def test_labels_are_listed_for_closed_sets_only() -> None:
    by_label = _of_two_tasks().tables["agreement_by_label"]

    assert {(line["label"], line["judged"], line["agrees"]) for line in by_label} == {
        ("billing", 15, 12),
        ("delivery", 7, 6),
        ("praise", 2, 2),
    }


def test_rows_judged_by_their_writer_are_counted_whatever_the_name_of_its_snapshot() -> None:
    own = judged([("billing", "billing")] * 2, model_name="model-1-2026-01-01", prefix="own")
    other = judged([("billing", "billing")] * 3, model_name=JUDGE, prefix="other")

    assert measured(together([own, other])).metrics["label/judged_by_writer"] == 2


def test_the_20_disputes_with_the_most_votes_come_first_in_a_stable_order() -> None:
    certain = judged([("billing", "delivery")] * 3, votes=3, prefix="b")
    doubted = judged([("billing", "praise")] * 30, votes=2, prefix="a")
    rows = together([doubted, certain])

    worst = measured(rows).worst["disputes"]
    shuffled = Judged(rows.candidates.sample(frac=1, random_state=1), rows.verdicts.sample(frac=1, random_state=2))

    assert [row["request_id"] for row in worst] == [*(f"b-{n:03}" for n in range(3)), *(f"a-{n:03}" for n in range(17))]
    assert worst[0]["detail"] == "judged 'delivery' by 3 votes"
    assert measured(shuffled).worst["disputes"] == worst


def test_the_matrix_has_a_cell_for_each_planned_and_judged_label() -> None:
    matrix = _usual().tables["label_confusion"]

    assert {(cell["planned"], cell["judged"]): cell["rows"] for cell in matrix} == {
        ("billing", "billing"): 12,
        ("billing", "delivery"): 3,
        ("delivery", "delivery"): 6,
        ("delivery", "billing"): 1,
        ("praise", "praise"): 2,
        ("praise", NONE_OF_THESE): 1,
        ("praise", None): 1,
    }
    assert [cell["labels"] for cell in matrix if cell["labels"]] == [["billing", "delivery", "praise"]]


def test_labels_of_an_open_set_are_the_planned_and_the_misleading_one_and_both_agree() -> None:
    rows = judged(
        [("glad", "glad"), ("sad", "sad"), ("glad", "calm"), ("sad", None), ("sad", "both")], OPEN_TASK, "calm"
    )

    found = measured(rows)

    assert found.metrics["label/agreement"] == pytest.approx(3 / 5, abs=1e-4)
    assert found.metrics["label/ambiguous"] == 1
    assert found.metrics["label/ambiguous_share"] == pytest.approx(1 / 5, abs=1e-4)
    assert [row["detail"] for row in found.worst["ambiguous"]] == ["judged 'both' by 1 vote; fits 'sad' and 'calm'"]
    matrix = found.tables["label_confusion"]
    assert {(cell["planned"], cell["judged"]): cell["rows"] for cell in matrix} == {
        ("the label", "the label"): 2,
        ("the label", "the misleading label"): 1,
        ("the label", None): 1,
        ("the label", "both"): 1,
    }


def test_mixed_up_pairs_count_both_directions_and_show_three_texts() -> None:
    rows = judged([*AGREED, *MIXED_UP, ("praise", "billing")])
    rows.verdicts.loc[rows.verdicts["request_id"].str.endswith("-023"), "votes"] = 3

    first, second = measured(rows).tables["mixed_up_labels"]

    assert [first[name] for name in ("one", "other", "rows", "one_as_other", "other_as_one", "judged")] == [
        "billing",
        "delivery",
        4,
        3,
        1,
        22,
    ]
    assert [text["planned"] for text in first["texts"]] == ["delivery", "billing", "billing"]
    assert (second["one"], second["other"], second["rows"]) == ("praise", "billing", 1)


def test_rows_of_a_pair_for_which_the_judge_accepts_both_are_counted() -> None:
    rows = judged([("billing", "delivery"), ("billing", "billing"), ("delivery", "delivery")], misleading="delivery")
    rows.verdicts.loc[[0, 1], "ambiguous"] = True

    (pair,) = measured(rows).tables["mixed_up_labels"]

    assert (pair["rows"], pair["ambiguous"]) == (1, 2)


def test_none_of_these_and_open_labels_are_in_no_pair() -> None:
    for found in (_usual(), _of_two_tasks()):
        pairs = [(pair["one"], pair["other"]) for pair in found.tables["mixed_up_labels"]]
        assert pairs == [("billing", "delivery")]


def test_the_result_is_json() -> None:
    json.dumps(_usual()._asdict(), allow_nan=False)
