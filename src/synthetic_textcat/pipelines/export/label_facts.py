"""Facts about the labels of the exported rows, for the dataset card: a judge's verdicts, and label accuracy by hand."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from synthetic_textcat.schemas.label_verdicts import text_sha256
from synthetic_textcat.schemas.model_names import is_same_model
from synthetic_textcat.schemas.writers import judge_note
from synthetic_textcat.tables import RowTable
from synthetic_textcat.text.intervals import wilson_interval

LABEL_REASONS = ("label_disputed", "label_ambiguous")
"""Reject reasons that a judge's verdict gives."""

_ACCURACY = ("label/accuracy", "label/accuracy_low", "label/accuracy_high", "label/hand_labelled")


def label_facts(
    examples: RowTable,
    ledger: Mapping[str, Any],
    label_verdicts: pd.DataFrame | None,
    label_accuracy: Mapping[str, float | None] | None,
    design: pd.DataFrame | None,
) -> dict[str, Any]:
    """Evidence for the labels of these rows: verdicts of a judge, and labels by hand.

    Args:
        examples: As exported.
        ledger: Where each planned row ended.
        label_verdicts: Columns `LABEL_VERDICTS`; None = nothing is judged.
        label_accuracy: Label accuracy by hand, of whichever rows it was measured on last; None if it never was.
        design: Columns `LABEL_SAMPLE_DESIGN`: the rows that were labelled for it.

    Returns:
        `judged`: None if no row has a verdict, else rows (with a verdict), share (of all), agreement, low, high (its
        95 % interval), judges (names), note (that templates judged, if they did), is_writer (a judge wrote rows that it
        judged), and rejected (rows that are not here for a verdict). `by_hand`: None unless it was measured on these
        rows, else accuracy, low, high, rows.
    """
    return {
        "judged": _judged(examples, ledger, label_verdicts),
        "by_hand": _by_hand(examples, ledger, label_accuracy, design),
    }


def _judged(examples: RowTable, ledger: Mapping[str, Any], verdicts: pd.DataFrame | None) -> dict[str, Any] | None:
    if verdicts is None or verdicts.empty:
        return None
    columns = verdicts[["request_id", "agrees", "model_name"]]
    parts = (
        rows.merge(columns, on="request_id", suffixes=("_writer", "_judge")).drop(columns="request_id")
        for rows in examples.frames(["request_id", "model_name"])
    )
    rows = pd.concat([verdicts.iloc[:0][[]], *parts], ignore_index=True)
    if rows.empty:
        return None
    agreement = float(rows["agrees"].mean())
    low, high = wilson_interval(agreement, len(rows))
    pairs = rows[["model_name_judge", "model_name_writer"]].dropna().drop_duplicates()
    return {
        "rows": len(rows),
        "share": len(rows) / len(examples),
        "agreement": agreement,
        "low": low,
        "high": high,
        "judges": sorted(rows["model_name_judge"].dropna().unique()),
        "note": judge_note(rows["model_name_judge"].dropna()),
        "is_writer": any(is_same_model(judge, writer) for judge, writer in pairs.itertuples(index=False)),
        "rejected": sum(ledger["rejected"].get(reason, 0) for reason in LABEL_REASONS),
    }


def _by_hand(
    examples: RowTable,
    ledger: Mapping[str, Any],
    accuracy: Mapping[str, float | None] | None,
    design: pd.DataFrame | None,
) -> dict[str, Any] | None:
    if accuracy is None or design is None or not _is_of(examples, ledger, accuracy, design):
        return None
    share, low, high, rows = (accuracy.get(name) for name in _ACCURACY)
    return None if share is None else {"accuracy": share, "low": low, "high": high, "rows": rows}


def _is_of(
    examples: RowTable, ledger: Mapping[str, Any], accuracy: Mapping[str, float | None], design: pd.DataFrame
) -> bool:
    """Whether it was measured on these rows: as many were accepted, and each that was drawn still has its text."""
    texts = examples.where("request_id", design["request_id"].tolist(), ["request_id", "input_text"])
    drawn = design[["request_id", "text_sha256"]].merge(texts, on="request_id")
    is_same = drawn["input_text"].map(text_sha256) == drawn["text_sha256"]
    return accuracy.get("label/rows") == ledger["accepted"] and len(drawn) > 0 and bool(is_same.all())
