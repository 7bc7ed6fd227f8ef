"""Label accuracy: the share of rows whose label is right, by hand-labelled rows and, where there are any, verdicts."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.label_check.sample_file import has_several, is_label_of, known_labels, labels_in
from synthetic_textcat.pipelines.label_check.sampling import strata_by, strata_of_all
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.label_sets import with_label_sets
from synthetic_textcat.schemas.label_verdicts import (
    AGREED,
    BOTH,
    DISPUTED,
    NONE_OF_THESE,
    UNCLEAR,
    UNJUDGED,
    text_sha256,
)
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.tables import RowTable
from synthetic_textcat.text.prediction_powered import (
    ShareEstimate,
    Strata,
    effective_rows,
    estimated_share,
    judge_weight,
)

FEWEST_OF_A_TASK = 20
"""Hand-labelled rows from which on a task has an estimate of its own."""

_LEAST_JUDGED = 0.5
_DIGITS = 4


class HandLabelled(NamedTuple):
    """The rows of the sample that are still accepted, with their labels by hand.

    Attributes:
        rows: request_id, task_id, stratum, probability, label, by_hand, is_right, judge_is_right; without the unclear.
        unclear: Rows of which the person could not tell the label, which are left out.
        unlabelled: Rows without a label.
        gone: Rows that are no longer among the examples, or have another text there.
    """

    rows: pd.DataFrame
    unclear: int
    unlabelled: int
    gone: int


def hand_labelled(
    examples: RowTable, verdicts: RowTable | None, hand_labels: pd.DataFrame, design: pd.DataFrame
) -> HandLabelled:
    """Joins sample, labels by hand, planned labels and verdicts.

    Args:
        examples: The accepted rows.
        verdicts: Columns `LABEL_VERDICTS`; None = nothing is judged.
        hand_labels: Columns `HAND_LABELS`.
        design: Columns `LABEL_SAMPLE_DESIGN`.
    """
    sample = design[[name for name in design if name != "stratum"]]  # the verdicts may be newer
    columns = ["request_id", "label", "labels", "input_text"]
    kept = (
        with_label_sets(examples)
        .where("request_id", sample["request_id"].tolist(), columns)
        .rename(columns={"labels": "own_labels"})
    )
    found = sample.merge(kept, on="request_id")
    drawn = found[found["input_text"].map(text_sha256) == found["text_sha256"]]
    known = known_labels(hand_labels)
    columns_of_design = (drawn["task_id"], drawn["text_sha256"], drawn["labels"], has_several(drawn))
    by_hand = [
        label if (label := known.get((task, text))) and is_label_of(label, list(choices), several=several) else None
        for task, text, choices, several in zip(*columns_of_design, strict=True)
    ]
    labelled = drawn.assign(by_hand=pd.Series(by_hand, drawn.index, dtype="object")).dropna(subset="by_hand")
    labelled = labelled.assign(stratum=pd.Series(strata_by(verdicts)(labelled["request_id"]), labelled.index))
    clear = labelled[labelled["by_hand"] != UNCLEAR]
    asked = None if verdicts is None else verdicts.where("request_id", clear["request_id"].tolist())
    answers = {} if asked is None else dict(zip(asked["request_id"], plain(asked["verdict"]), strict=True))
    several = has_several(clear)
    planned = zip(clear["by_hand"], plain(clear["label"]), clear["own_labels"], several, strict=True)
    judged = zip(clear["request_id"], clear["by_hand"], several, strict=True)
    rows = clear.assign(
        is_right=[
            {*(labels_in(by_hand) or ())} == {*own} if of_set else by_hand in (label, BOTH)
            for by_hand, label, own, of_set in planned
        ],
        judge_is_right=[_is_met(answers.get(row), by_hand, several=of_set) for row, by_hand, of_set in judged],
    )
    return HandLabelled(rows, len(labelled) - len(clear), len(drawn) - len(labelled), len(design) - len(drawn))


def _is_met(verdict: str | None, by_hand: str, several: bool) -> bool:
    if several:
        return verdict is not None and {*(labels_in(verdict) or ())} == {*(labels_in(by_hand) or ())}
    return verdict == by_hand or (by_hand == BOTH and verdict not in (None, NONE_OF_THESE))


def label_accuracy(
    examples: RowTable, verdicts: RowTable | None, hand_labels: pd.DataFrame, design: pd.DataFrame
) -> Metrics:
    """Shares of all accepted rows, with intervals of 95 %; a row with several labels is right if each of them is.

    - `label/accuracy`, `_low`, `_high`: label accuracy. `label/accuracy/<task_id>`, …: of a task with enough rows.
    - `label/hand_labelled`: rows labelled by hand that count; `label/hand_unclear`, `label/hand_unlabelled`,
      `label/hand_gone`: rows of the sample that do not (see `HandLabelled`); `label/hand_unjudged`: nor do rows without
      a verdict, if half of the labelled ones or more have one. If fewer have, all count, and the verdicts do not.
    - `label/rows`: accepted rows; `label/verdicts`: of these with a verdict, 0 = labels by hand alone.
    - with verdicts also `judge/accuracy`, `_low`, `_high`: share of the rows whose verdict a person would give;
      `judge/weight`: its power-tuned weight; `judge/effective_rows`: rows labelled by hand whose interval without a
      judge would be as wide; `judge/rows_saved`: those beyond the rows that were labelled.

    Args:
        examples: The accepted rows.
        verdicts: Columns `LABEL_VERDICTS`; None = nothing is judged.
        hand_labels: Columns `HAND_LABELS`.
        design: Columns `LABEL_SAMPLE_DESIGN`.

    Returns:
        The metrics; without a single row labelled by hand the accuracies are None.
    """
    found = hand_labelled(examples, verdicts, hand_labels, design)
    everything = strata_of_all(examples, verdicts)
    judged = everything[everything["stratum"] != UNJUDGED]
    is_judged = found.rows["stratum"] != UNJUDGED
    is_powered = bool(len(is_judged)) and float(is_judged.mean()) >= _LEAST_JUDGED
    rows = found.rows[is_judged] if is_powered else found.rows
    metrics: Metrics = {
        "label/hand_labelled": len(rows),
        "label/hand_unclear": found.unclear,
        "label/hand_unlabelled": found.unlabelled,
        "label/hand_gone": found.gone,
        "label/hand_unjudged": len(found.rows) - len(rows),
        "label/rows": len(examples),
        "label/verdicts": len(judged) if is_powered else 0,
    }
    metrics |= _of_rows(rows, everything, is_powered=is_powered)
    for task_id, own in rows.groupby("task_id"):
        if len(own) >= FEWEST_OF_A_TASK:
            estimate, _ = _estimate(
                own, everything[everything["task_id"] == task_id], "is_right", is_powered=is_powered
            )
            metrics |= _interval(f"label/accuracy/{task_id}", estimate)
    return metrics


def _of_rows(rows: pd.DataFrame, everything: pd.DataFrame, *, is_powered: bool) -> Metrics:
    if not len(rows):
        return dict.fromkeys(("label/accuracy", "label/accuracy_low", "label/accuracy_high"))
    accuracy, strata = _estimate(rows, everything, "is_right", is_powered=is_powered)
    found = _interval("label/accuracy", accuracy)
    if is_powered:
        judge, _ = _estimate(rows, everything, "judge_is_right", is_powered=True)
        worth = effective_rows(accuracy, len(everything))
        found |= _interval("judge/accuracy", judge)
        found |= {
            "judge/weight": round(judge_weight(strata), _DIGITS),
            "judge/effective_rows": round(worth, 1),
            "judge/rows_saved": round(worth - len(rows), 1),
        }
    return found


def _estimate(
    rows: pd.DataFrame, everything: pd.DataFrame, outcome: str, *, is_powered: bool
) -> tuple[ShareEstimate, Strata]:
    judged = int((everything["stratum"] != UNJUDGED).sum()) if is_powered else len(everything)
    names: Sequence[str] = (AGREED, DISPUTED) if is_powered else ()
    parts = [(everything["stratum"] == name, rows["stratum"] == name) for name in names] or [
        (everything["stratum"].notna(), rows["stratum"].notna())
    ]
    columns = [(of_all.sum() / judged, *_weighted(rows[drawn], outcome)) for of_all, drawn in parts]
    strata = Strata(*(np.array(column, dtype=float) for column in zip(*columns, strict=True)))
    return estimated_share(strata, len(everything), judged), strata


def _weighted(rows: pd.DataFrame, outcome: str) -> tuple[float, float]:
    """Effective number of rows, and the share with the outcome; each row stands for 1 / probability rows."""
    if not len(rows):
        return 0.0, 0.5
    weights = 1 / rows["probability"].to_numpy(dtype=float)
    share = float(np.average(rows[outcome].to_numpy(dtype=float), weights=weights))
    return float(weights.sum() ** 2 / (weights**2).sum()), share


def _interval(name: str, estimate: ShareEstimate) -> Metrics:
    ends = (("", estimate.share), ("_low", estimate.low), ("_high", estimate.high))
    return {f"{name}{end}": round(float(value), _DIGITS) for end, value in ends}
