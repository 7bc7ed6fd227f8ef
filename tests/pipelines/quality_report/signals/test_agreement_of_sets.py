"""Agreement of a judge with rows that have several labels: exact sets, single labels, and labels beyond the plan."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

from synthetic_textcat.pipelines.quality_report.signals.agreement import label_agreement
from synthetic_textcat.pipelines.quality_report.signals.corpus import SignalResult
from synthetic_textcat.schemas.label_sets import label_set_code
from synthetic_textcat.schemas.label_verdicts import LABEL_VERDICTS
from synthetic_textcat.schemas.rows import to_frame
from synthetic_textcat.tables import as_table
from synthetic_textcat.text.intervals import wilson_interval
from tests.pipelines.quality_report.builders import example_frame
from tests.pipelines.quality_report.signals.judged import TASK, judged
from tests.pipelines.quality_report.signals.label_sets_made import TAGS, tagged

Pair = tuple[Sequence[str], Sequence[str] | None]
_BOTH = ("billing", "delivery")
_ROWS: list[Pair] = [
    *([(_BOTH, _BOTH)] * 15),
    *([((), ())] * 5),
    *([(_BOTH, ("billing",))] * 3),  # a planned label is missing
    *([(("billing",), ("billing", "praise"))] * 4),  # another label fits too
    *([(("billing",), ("returns",))] * 2),  # one is taken for another
    ((), ("praise",)),
    (_BOTH, None),  # no majority
]


def measured(rows: Sequence[Pair], **verdict: Any) -> SignalResult:
    """Agreement on rows with several labels, each by its planned and judged labels."""
    made = tagged([planned for planned, _ in rows])
    found = [
        {
            "request_id": row["request_id"],
            "verdict": None if said is None else label_set_code(said),
            "votes": 1,
            "agrees": said is not None and {*said} == {*planned},
            "ambiguous": said is not None and row["misleading_label"] in said,
            "model_name": "judge-1",
            **verdict,
        }
        for row, (planned, said) in zip(made, rows, strict=True)
    ]
    candidates = as_table(example_frame(made))
    return label_agreement((candidates,), as_table(to_frame(found, LABEL_VERDICTS)), {TAGS.task_id: TAGS})


@cache
def _usual() -> SignalResult:
    return measured(_ROWS)


def test_a_set_is_exact_and_each_answer_counts_for_itself() -> None:
    found = _usual().metrics

    assert (found["label/judged"], found["label/disputed"], found["label/undecided"]) == (31, 10, 1)
    assert found["label/sets_judged"] == 31
    low, high = wilson_interval(20 / 31, 31)
    assert [found[f"label/exact_set{end}"] for end in ("", "_low", "_high")] == pytest.approx(
        [20 / 31, low, high], abs=1e-4
    )
    assert found["label/agreement"] == found["label/exact_set"]
    planned, wrong = 2 * 18 + 6, 3 + 4 + 2 * 2 + 1
    assert found["label/answers"] == pytest.approx((30 * 4 - wrong) / (30 * 4), abs=1e-4)
    assert found["label/confirmed"] == pytest.approx((planned - 5) / planned, abs=1e-4)
    assert found["label/unplanned"] == pytest.approx(7 / (30 * 4 - planned), abs=1e-4)
    assert found["label/unplanned_rows"] == 7


def test_labels_that_fit_beyond_the_plan_are_listed_by_their_share() -> None:
    found = _usual()
    lines = [(line["label"], line["judged"], line["unplanned"]) for line in found.tables["unplanned_labels"]]
    assert lines == [("praise", 30, 5), ("returns", 30, 2), ("billing", 6, 0), ("delivery", 12, 0)]
    assert {row["detail"] for row in found.worst["unplanned"]} == {
        "the judge adds 'praise' by 1 vote",
        "the judge leaves out 'billing', adds 'returns' by 1 vote",
    }


def test_a_planned_label_is_confirmed_taken_for_another_or_for_none() -> None:
    found = _usual()
    cells = {(cell["planned"], cell["judged"]): cell["rows"] for cell in found.tables["label_confusion"]}
    assert cells == {
        ("billing", "billing"): 22,
        ("billing", "returns"): 2,
        ("billing", None): 1,
        ("delivery", "delivery"): 15,
        ("delivery", "none of these"): 3,
        ("delivery", None): 1,
    }
    by_label = {line["label"]: (line["judged"], line["agrees"]) for line in found.tables["agreement_by_label"]}
    assert by_label == {"billing": (25, 22), "delivery": (19, 15)}
    (pair,) = found.tables["mixed_up_labels"]
    assert (pair["one"], pair["other"], pair["rows"], pair["one_as_other"]) == ("billing", "returns", 2, 2)
    assert [text["planned"] for text in pair["texts"]] == ["billing", "billing"]


def test_the_figures_of_rows_with_one_label_are_the_same_beside_rows_with_several() -> None:
    rows = judged([("billing", "billing")] * 22 + [("billing", "praise")] * 3)
    tables = (as_table(rows.candidates),), as_table(rows.verdicts)
    alone = label_agreement(*tables, {TASK.task_id: TASK})
    mixed = label_agreement(*tables, {TASK.task_id: TASK, TAGS.task_id: TAGS})
    assert mixed == alone
    assert not any(name.startswith(("label/exact", "label/sets", "label/unplanned")) for name in alone.metrics)
