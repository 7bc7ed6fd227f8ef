"""Reject reasons of rows with several labels: what each catches, and what it lets through."""

from typing import Any

from synthetic_textcat.pipelines.quality_report.checks.row_checks import (
    ROW_CHECKS,
    Candidate,
    about_the_task,
    empty_field,
    known_of,
    label_leaked,
    label_not_as_planned,
    label_not_in_set,
    labels_not_as_planned,
    misleading_label_not_in_set,
    same_labels,
)
from synthetic_textcat.pipelines.quality_report.checks.verdicts import judge_alone
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.rows import REQUESTS, to_frame
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.quality_report.builders import candidate, checked_tables, example_frame
from tests.pipelines.quality_report.checks.row_prompts import instructions
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


def _reason(text: str) -> str | None:
    known = known_of(_TASK, instructions=instructions("several_labels"))
    verdict = judge_alone(_row(("Billing", "Late parcel"), input_text=text, known=known)).verdict
    return verdict.reason if verdict is not None else None


@each_of("line", [line for line in instructions("several_labels") if len(line.split()) > 4])
def test_a_line_of_the_prompt_is_no_text(line: str) -> None:
    assert _reason(line) in {"not_a_text", "prompt_echo", "about_the_task"}


@each_of(
    "text",
    [
        "Two labels fit this message, and each of them has a part that speaks for it.",
        "The first part speaks for one label and the second part speaks for the other.",
        "None of the labels fits this message.",
        "No label fits here, so there is nothing to add.",
        "Multiple labels apply to this message.",
        "This message fits more than one label.",
        "A message that several labels fit.",
        "Something of that kind that fits no label.",
        "There are several labels that fit this message about an order.",
        "This message has a part for each of the labels that it should have.",
        "It fits just these labels and no others.",
        "The labels that fit are two of the four.",
        "The list of labels is empty.",
        "labels: []",
        "The planned labels come first.",
    ],
)
def test_talk_of_labels_that_fit_is_no_text_where_several_may(text: str) -> None:
    assert _reason(text) == "about_the_task"
    single = candidate(input_text=text)
    assert about_the_task(single) is None  # rows of one label a text keep the verdicts that they had


@each_of("text", ["None", "none of the labels.", "No label", "(no labels)", "No label fits.", "None of these"])
def test_a_text_that_only_says_that_no_label_fits_is_the_answer(text: str) -> None:
    for planned in ((), ("Billing",)):
        assert label_leaked(_row(planned, input_text=text)) is not None
    assert label_leaked(candidate(input_text=text)) is None
    assert label_leaked(_row((), input_text=f"{text} came with the jars.")) is None


@each_of(
    "text",
    [
        "I tried them on Tuesday: none of the labels fit the jars that I bought.",
        "The label on the box does not match the description on your site.",
        "I need labels that fit the small jars.",
        "Two labels were on the box, and my mailbox has three labels that I can't remove.",
        "The labels apply easily, but they peel off after a day.",
        "Which label applies to a box of 3 kg?",
        "I removed both labels, and the courier speaks for himself.",
        "Spare parts for each label printer are sold out.",
    ],
)
def test_texts_about_labels_on_things_are_texts(text: str) -> None:
    assert _reason(text) is None


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
