"""The nodes of `label_sample` and `label_accuracy`: what is kept, remembered, refused and said."""

import logging

import pandas as pd
import pytest

from synthetic_textcat.errors import EvaluationError
from synthetic_textcat.pipelines.label_check.nodes import (
    draw_label_sample,
    measure_label_accuracy,
    measure_label_accuracy_if_sampled,
    remember_hand_labels,
    remember_hand_labels_if_any,
    write_label_sample,
)
from synthetic_textcat.schemas.label_verdicts import HAND_LABELS, LABEL_SAMPLE_DESIGN
from synthetic_textcat.schemas.parameters import LabelCheckParameters
from synthetic_textcat.schemas.rows import EXAMPLES, to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.support.task_tables import task_table

_TASK = Task.model_validate({"task": "Sort a mail.", "labels": ["Refund", "Delivery"]})
_TASKS = task_table([_TASK])


def _examples(rows: int = 40) -> pd.DataFrame:
    own = {"task_id": _TASK.task_id, "task": _TASK.task, "label": "Refund", "misleading_label": "Delivery"}
    records = [{**own, "request_id": f"r{number}", "input_text": f"Mail {number}"} for number in range(rows)]
    return to_frame([{name: row.get(name, "x") for name in EXAMPLES} for row in records], EXAMPLES)


def _drawn(
    examples: pd.DataFrame, sheet: pd.DataFrame | None = None, design: pd.DataFrame | None = None
) -> pd.DataFrame:
    return draw_label_sample(as_table(examples), _TASKS, None, sheet, design, LabelCheckParameters(sample_rows=10), 42)


def _sheets(
    design: pd.DataFrame, sheet: pd.DataFrame | None = None, known: pd.DataFrame | None = None
) -> list[pd.DataFrame]:
    return list(write_label_sample(design, as_table(_examples()), _TASKS, sheet, known, 42))


def test_a_sample_that_nobody_has_filled_in_is_drawn_anew() -> None:
    design = _drawn(_examples())
    (sheet,) = _sheets(design)

    assert list(design.columns) == list(LABEL_SAMPLE_DESIGN)
    assert len(_drawn(_examples(), sheet, design)) == 10
    assert len(_sheets(design, sheet)) == 1


def test_a_filled_sample_is_kept_with_its_probabilities(caplog: pytest.LogCaptureFixture) -> None:
    design = _drawn(_examples())
    (sheet,) = _sheets(design)
    sheet.loc[4, "label"] = "Refund"

    assert _drawn(_examples(60), sheet, design) is design
    assert _sheets(design, sheet) == []
    assert "label_sample.csv is kept: 1 of its 10 rows are filled in" in caplog.text


def test_a_filled_sample_of_unknown_probabilities_is_neither_used_nor_replaced() -> None:
    (sheet,) = _sheets(_drawn(_examples()))

    with pytest.raises(EvaluationError, match=r"is filled in and kept, but .*label_sample_design"):
        _drawn(_examples(), sheet.assign(label="Refund"))


def test_without_rows_there_is_nothing_to_draw() -> None:
    with pytest.raises(EvaluationError, match="no accepted rows to label"):
        _drawn(_examples(0))


def test_labels_are_remembered_across_samples_and_the_file_has_the_last_word() -> None:
    design = _drawn(_examples())
    (sheet,) = _sheets(design)
    first = remember_hand_labels(sheet.assign(label=["Refund"] * 9 + [""]), design, None)
    (again,) = _sheets(design, known=first)
    assert again["label"].tolist() == ["Refund"] * 9 + [""]

    second = remember_hand_labels(again.assign(label=["delivery"] + [""] * 9), design, first)
    assert list(second.columns) == list(HAND_LABELS)
    assert sorted(second["label"]) == ["Delivery"] + ["Refund"] * 8


@pytest.mark.parametrize(("is_there", "missing"), [(False, "label_sample"), (True, "label_sample_design")])
def test_a_missing_sample_is_named_with_the_command_that_draws_it(is_there: bool, missing: str) -> None:
    (sheet,) = _sheets(_drawn(_examples()))

    with pytest.raises(EvaluationError, match=rf"'{missing}' is missing.*label_sample`"):
        remember_hand_labels(sheet if is_there else None, None, None)


def test_a_sample_without_labels_is_refused_with_the_counts() -> None:
    design = _drawn(_examples())
    unclear = remember_hand_labels(_sheets(design)[0].assign(label=["unclear"] * 4 + [""] * 6), design, None)

    with pytest.raises(EvaluationError, match=r"4 unclear, 6 empty, 0 no longer"):
        measure_label_accuracy(as_table(_examples()), design, unclear, None)


def test_a_sample_of_other_rows_is_measured_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    design = _drawn(_examples())
    labels = remember_hand_labels(_sheets(design)[0].assign(label="Refund"), design, None)
    gone = design["request_id"].iloc[0]
    later = _examples(80)

    found = measure_label_accuracy(as_table(later[later["request_id"] != gone]), design, labels, None)
    assert (found["label/accuracy"], found["label/hand_labelled"], found["label/hand_gone"]) == (1.0, 9, 1)
    assert "drawn from 40 accepted rows, and there are 79 now; 1 of its rows are gone" in caplog.text
    assert "Label accuracy 1.000 (95 % interval 0." in caplog.text
    assert "from 9 labels by hand alone" in caplog.text


def test_after_a_judge_labels_by_hand_are_measured_if_there_are_any(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    design = _drawn(_examples())
    (sheet,) = _sheets(design)
    for filled, drawn in ((None, None), (sheet, design)):
        assert list(remember_hand_labels_if_any(filled, drawn, None)) == []
        assert list(measure_label_accuracy_if_sampled(as_table(_examples()), drawn, None, None)) == []
    assert caplog.text.count("No row is labelled by hand") == 2
    assert "Next: run `kedro run --pipelines label_sample`, fill in its file" in caplog.text

    (labels,) = remember_hand_labels_if_any(sheet.assign(label="Refund"), design, None)
    (found,) = measure_label_accuracy_if_sampled(as_table(_examples()), design, labels, None)
    assert found["label/accuracy"] == 1.0
    (unclear,) = remember_hand_labels_if_any(sheet.assign(label="unclear"), design, None)
    assert list(measure_label_accuracy_if_sampled(as_table(_examples()), design, unclear, None)) == []
    assert "Label accuracy is not measured. No row of" in caplog.text
