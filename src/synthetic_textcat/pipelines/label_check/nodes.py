"""Nodes of `label_sample` and `label_accuracy`: the sample to label by hand, its labels, and label accuracy."""

import logging
from collections.abc import Iterator

import pandas as pd

from synthetic_textcat.console import NO_MARKUP
from synthetic_textcat.errors import EvaluationError
from synthetic_textcat.pipelines.label_check.accuracy import label_accuracy
from synthetic_textcat.pipelines.label_check.sample_file import (
    FILE,
    choices_of,
    filled_rows,
    has_several,
    known_labels,
    read_labels,
    sheet_of,
)
from synthetic_textcat.pipelines.label_check.sampling import draw_sample
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.label_verdicts import HAND_LABELS, LABEL_SAMPLE_DESIGN
from synthetic_textcat.schemas.parameters import LabelCheckParameters
from synthetic_textcat.schemas.rows import plain, with_columns
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.tables import RowTable

_log = logging.getLogger(__name__)

_DRAW = "`kedro run --pipelines label_sample`"
_HOW = f"run {_DRAW}, fill in its file, and run `kedro run --pipelines label_accuracy`"


def draw_label_sample(
    examples: RowTable,
    tasks: pd.DataFrame,
    label_verdicts: RowTable | None,
    filled_label_sample: pd.DataFrame | None,
    previous_design: pd.DataFrame | None,
    label_check: LabelCheckParameters,
    seed: int,
) -> pd.DataFrame:
    """Rows to label by hand, with their probabilities: a new sample, or the earlier one if its file is filled in.

    Args:
        examples: The accepted rows.
        tasks: The table of tasks.
        label_verdicts: Verdicts of a judge, if there are any: disputed rows are drawn more often.
        filled_label_sample: The file of an earlier sample.
        previous_design: Its rows.
        label_check: Number of rows, weight of disputed ones.
        seed: Of the draws.

    Returns:
        Columns `LABEL_SAMPLE_DESIGN`.

    Raises:
        EvaluationError: If there are no rows, or the file is filled in and its sample unknown.
    """
    if _is_filled(filled_label_sample):
        if previous_design is None:
            raise EvaluationError(
                f"{FILE} is filled in and kept, but the dataset 'label_sample_design' with its probabilities "
                f"is missing. Next: restore that, or move the file away and run {_DRAW}"
            )
        return previous_design
    if not len(examples):
        raise EvaluationError("There are no accepted rows to label. Next: run `kedro run --pipelines generate`")
    drawn = draw_sample(examples, label_verdicts, label_check, seed)
    by_id = tasks_of(tasks).by_id
    pairs = zip(plain(drawn["label"]), plain(drawn["misleading_label"]), strict=True)
    choices = [choices_of(by_id.get(task_id), pair) for task_id, pair in zip(drawn["task_id"], pairs, strict=True)]
    drawn["labels"] = pd.Series(choices, drawn.index)
    drawn["task_type"] = [by_id[name].task_type if name in by_id else None for name in drawn["task_id"]]
    return with_columns(drawn, LABEL_SAMPLE_DESIGN)


def write_label_sample(
    design: pd.DataFrame,
    examples: RowTable,
    tasks: pd.DataFrame,
    filled_label_sample: pd.DataFrame | None,
    hand_labels: pd.DataFrame | None,
    seed: int,
) -> Iterator[pd.DataFrame]:
    """Yields the file to fill in, with labels that are known from before; nothing if somebody has filled it in."""
    if _is_filled(filled_label_sample):
        assert filled_label_sample is not None
        count = filled_rows(filled_label_sample)
        _log.warning(
            "%s is kept: %s of its %d rows are filled in. Next: run `kedro run --pipelines label_accuracy`; "
            "to draw another sample, move the file away",
            FILE,
            "some" if count is None else count,
            len(filled_label_sample),
            extra=NO_MARKUP,
        )
        return
    sheet = sheet_of(design, examples, tasks_of(tasks), known_labels(hand_labels), seed)
    known = int((sheet["label"] != "").sum())
    _log.info(
        "%s has %d rows, %d of them labelled before. Next: fill in the column `label`%s, then run "
        "`kedro run --pipelines label_accuracy`",
        FILE,
        len(sheet),
        known,
        " (several labels with | between them)" if any(has_several(design)) else "",
        extra=NO_MARKUP,
    )
    yield sheet


def remember_hand_labels(
    filled_label_sample: pd.DataFrame | None, design: pd.DataFrame | None, previous: pd.DataFrame | None
) -> pd.DataFrame:
    """All labels given by hand, in this run and before; a label in the file replaces an earlier one of its text.

    Returns:
        Columns `HAND_LABELS`, sorted.

    Raises:
        EvaluationError: If there is no sample, or its file has a wrong row.
    """
    if filled_label_sample is None or design is None:
        missing = "label_sample" if filled_label_sample is None else "label_sample_design"
        raise EvaluationError(f"The dataset {missing!r} is missing: there is nothing to check. Next: run {_DRAW}")
    labels = read_labels(filled_label_sample, design)
    known = labels if previous is None else pd.concat([previous, labels])
    keys = ["task_id", "text_sha256"]
    latest = known.drop_duplicates(keys, keep="last").sort_values(keys, ignore_index=True)
    return with_columns(latest, HAND_LABELS)


def measure_label_accuracy(
    examples: RowTable, design: pd.DataFrame, hand_labels: pd.DataFrame, label_verdicts: RowTable | None
) -> Metrics:
    """Label accuracy of all accepted rows, with its interval; see `accuracy.label_accuracy`.

    Raises:
        EvaluationError: If no row of the sample is labelled.
    """
    found = label_accuracy(examples, label_verdicts, hand_labels, design)
    if found["label/accuracy"] is None:
        raise EvaluationError(
            f"No row of {FILE} has a label that counts ({found['label/hand_unclear']} unclear, "
            f"{found['label/hand_unlabelled']} empty, {found['label/hand_gone']} no longer among the accepted rows). "
            f"Next: fill in the column `label`, or move the file away and run {_DRAW}"
        )
    _warn_of_other_rows(found, design)
    _log.info("%s", _summary(found), extra=NO_MARKUP)
    return found


def remember_hand_labels_if_any(
    filled_label_sample: pd.DataFrame | None, design: pd.DataFrame | None, previous: pd.DataFrame | None
) -> Iterator[pd.DataFrame]:
    """Yields `remember_hand_labels`; nothing, and a line that says how to get labels, if there are none.

    Raises:
        EvaluationError: If the file has a wrong row.
    """
    if design is None or not _is_filled(filled_label_sample):
        _log.info("No row is labelled by hand, so label accuracy is not measured. Next: %s", _HOW, extra=NO_MARKUP)
        return
    yield remember_hand_labels(filled_label_sample, design, previous)


def measure_label_accuracy_if_sampled(
    examples: RowTable,
    design: pd.DataFrame | None,
    hand_labels: pd.DataFrame | None,
    label_verdicts: RowTable | None,
) -> Iterator[Metrics]:
    """Yields `measure_label_accuracy`; nothing, and a line, if no label by hand is of an accepted row."""
    if design is None or hand_labels is None:
        return
    try:
        yield measure_label_accuracy(examples, design, hand_labels, label_verdicts)
    except EvaluationError as error:
        _log.warning("Label accuracy is not measured. %s", error, extra=NO_MARKUP)


def _is_filled(sheet: pd.DataFrame | None) -> bool:
    return sheet is not None and filled_rows(sheet) != 0


def _warn_of_other_rows(found: Metrics, design: pd.DataFrame) -> None:
    then = int(design["rows"].iloc[0])
    if then != found["label/rows"] or found["label/hand_gone"]:
        _log.warning(
            "%s was drawn from %d accepted rows, and there are %d now; %d of its rows are gone. Next: "
            "move the file away and run %s, which remembers labelled texts",
            FILE,
            then,
            found["label/rows"],
            found["label/hand_gone"],
            _DRAW,
            extra=NO_MARKUP,
        )


def _summary(found: Metrics) -> str:
    """The accuracy in one line."""
    line = (
        f"Label accuracy {found['label/accuracy']:.3f} (95 % interval {found['label/accuracy_low']:.3f} to "
        f"{found['label/accuracy_high']:.3f}) from {found['label/hand_labelled']} labels by hand"
    )
    if not found["label/verdicts"]:
        return f"{line} alone"
    return (
        f"{line} and {found['label/verdicts']} verdicts, worth {found['judge/effective_rows']:.0f} labels by hand; the "
        f"judge is right in {found['judge/accuracy']:.3f} "
        f"({found['judge/accuracy_low']:.3f} to {found['judge/accuracy_high']:.3f})"
    )
