"""Reject reasons of rows with several labels: what each catches, and what it lets through."""

from typing import Any

from synthetic_textcat.pipelines.quality_report.checks.row_checks import (
    ROW_CHECKS,
    Candidate,
    empty_field,
    known_of,
    label_leaked,
    label_not_as_planned,
    label_not_in_set,
    labels_not_as_planned,
    misleading_label_not_in_set,
    same_labels,
)
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.rows import REQUESTS, to_frame
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.quality_report.builders import candidate, checked_tables, example_frame
from tests.support.each_case import each_of
from tests.support.task_tables import task_table

_TASK = Task.model_validate(
    {"task": "Tag a ticket.", "labels": ["Billing", "Late parcel", "Returns", "Thanks"], "labels_per_text": [0, 3]}
)


def _row(labels: tuple[str, ...], planned: tuple[str, ...] | None = None, **changes: Any) -> Candidate:
    own = {"label": "", "planned_label": None, "misleading_label": "Thanks", "known": known_of(_TASK)}
    return candidate(**{**own, "labels": labels, "planned_labels": labels if planned is None else planned, **changes})


@each_of("reason", ROW_CHECKS)
def test_a_good_row_passes_every_check(reason: str) -> None:
    for labels in ((), ("Billing",), ("Billing", "Late parcel", "Returns")):
        assert ROW_CHECKS[reason](_row(labels)) is None


def test_labels_are_brought_to_spelling_and_order_of_the_set_each_once() -> None:
    row = _row(("returns", "\uff22illing", "Returns."), planned=("Billing", "Returns"))
    assert row.labels == ("Billing", "Returns")
    assert labels_not_as_planned(row) is None


@each_of(
    ("labels", "planned", "detail"),
    [
        (("Billing",), ("Billing", "Returns"), "missing 'Returns'"),
        (("Billing", "Returns"), ("Billing",), "extra 'Returns'"),
        (("Returns",), ("Billing", "Late parcel"), "missing 'Billing' and 'Late parcel', extra 'Returns'"),
        ((), ("Billing",), "missing 'Billing'"),
        (("Billing",), (), "extra 'Billing'"),
    ],
)
def test_another_set_than_planned_is_named_by_what_is_missing_and_what_is_extra(
    labels: tuple[str, ...], planned: tuple[str, ...], detail: str
) -> None:
    row = _row(labels, planned)
    assert labels_not_as_planned(row) == detail
    assert label_not_as_planned(row) is None


def test_each_label_must_be_of_the_set_and_differ_from_the_misleading_one() -> None:
    assert label_not_in_set(_row(("Billing", "Spam", "Refund"))) == "label 'Spam' and 'Refund'"
    assert misleading_label_not_in_set(_row(("Billing",), misleading_label="Spam")) == "misleading label 'Spam'"
    assert same_labels(_row(("Billing", "Returns"), misleading_label="returns")) == "both 'Returns'"
    assert same_labels(_row(())) is None


def test_an_empty_label_among_several_is_named() -> None:
    assert empty_field(_row(("Billing", "\u200b"), planned=("Billing",))) == "empty: labels"
    assert empty_field(_row((), input_text=" ")) == "empty: input_text"


def test_a_text_must_name_none_of_the_labels_and_not_the_misleading_one() -> None:
    labels = ("Billing", "Late parcel")
    text = "It is about a late parcel, and billing is wrong too."
    assert label_leaked(_row(labels, input_text=text)) == "the text names 'Billing' and 'Late parcel'"
    assert label_leaked(_row(labels, input_text="Many thanks for nothing.")) == "the text names 'Thanks'"
    assert label_leaked(_row((), input_text="Returns.")) == "the text is only the label 'Returns'"
    assert label_leaked(_row(labels, input_text="The returns desk was shut.")) is None


def test_rows_of_both_kinds_are_checked_and_stored_with_their_labels() -> None:
    single = Task.model_validate({"task": "Sort a mail.", "labels": ["work", "home"]})
    rows: list[dict[str, Any]] = [
        {"label": None, "labels": ("returns", "Billing"), "misleading_label": "Thanks", "task_id": _TASK.task_id},
        {"label": None, "labels": (), "misleading_label": "Thanks", "task_id": _TASK.task_id},
        {"label": "WORK", "labels": ("WORK",), "misleading_label": "home", "task_id": single.task_id},
        {"label": None, "labels": ("Billing",), "misleading_label": "Thanks", "task_id": _TASK.task_id},
    ]
    named = [
        {**row, "request_id": f"r{place}", "input_text": f"Nothing of note, {place}."} for place, row in enumerate(rows)
    ]
    sets = [("Billing", "Returns"), (), ("work",), ("Billing", "Returns")]
    plan = to_frame(
        [
            {
                **row,
                "labels": own,
                "label": "work" if row["label"] else None,
                "replicate": place,
                "seed": 0,
                "language": "English",
            }
            for place, (row, own) in enumerate(zip(named, sets, strict=True))
        ],
        REQUESTS,
    )
    found = checked_tables(example_frame(named), plan, task_table([_TASK, single]), QualityReportParameters())
    assert found.examples[["request_id", "labels"]].to_numpy().tolist() == [
        ["r0", ("Billing", "Returns")],
        ["r1", ()],
        ["r2", ("work",)],
    ]
    assert found.examples["label"].isna().tolist() == [True, True, False]
    assert found.examples["label"].tolist()[2] == "work"
    assert found.rejected[["request_id", "reject_reason", "detail"]].to_numpy().tolist() == [
        ["r3", "labels_not_as_planned", "missing 'Returns'"]
    ]
