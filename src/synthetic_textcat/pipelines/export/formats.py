"""Views of the examples that trainers read: triplets, text and label, E5, FlagEmbedding."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.export.distinct_batches import distinct_order
from synthetic_textcat.pipelines.export.label_set_views import (
    hot,
    multi_hot_columns,
    numbers_of_labels,
    one_row_a_label,
    unknown_label,
    with_a_label,
)
from synthetic_textcat.schemas.label_sets import LABELS, has_multi_label, labels_of
from synthetic_textcat.schemas.rows import LABEL_AGREEMENT
from synthetic_textcat.tables import RowTable, factorized, mapped, permuted
from synthetic_textcat.text.comparison import comparable

Instruction = Literal["in_anchor", "left_out"]
Format = Callable[..., RowTable]
"""Function of `examples`, the exported rows, and of `tasks` if it must know them."""

TRIPLET_COLUMNS = ("task", "input_text", "label", "misleading_label")
"""Columns of the examples that `triplets` needs."""

_OF_A_TRIPLET = ("request_id", "task_id", *TRIPLET_COLUMNS)

TEXT_LABEL_COLUMNS = ("input_text", "label", LABEL_AGREEMENT)
"""Columns of the examples that `text_label` needs, if they have them."""

FORMATS: dict[str, Format] = {}
"""Dataset → function of the exported examples; the pipeline makes a node of each."""


def export_format(function: Format) -> Format:
    """Registers a format: the dataset that it fills bears its name."""
    FORMATS[function.__name__] = function
    return function


def triplet_rows(examples: RowTable, batch_size: int | None, *, several: bool) -> RowTable:
    """The rows of the triplets, one for each label of a text, in their order.

    That is the order of the plan, or one in which batches of this size repeat no label and no text. Of each row numbers
    stay in memory; its text goes through a temporary file.

    Args:
        examples: The rows.
        batch_size: Rows of a batch; None for the order of the plan.
        several: Whether a task has several labels a text.
    """
    rows = one_row_a_label(examples, _OF_A_TRIPLET, several=several)
    if batch_size is None or not len(rows):
        return rows
    codes, labels = factorized(rows, "label")
    texts = np.repeat(np.arange(len(examples)), numbers_of_labels(examples)) if several else None
    return permuted(rows, distinct_order(_alike([comparable(label) for label in labels])[codes], batch_size, texts))


def _alike(labels: Sequence[str]) -> NDArray[np.intp]:
    """Number of each label among the distinct ones, in order of appearance."""
    numbers: NDArray[np.intp] = pd.factorize(np.array(labels, dtype=object))[0]
    return numbers


def triplets(examples: pd.DataFrame, instruction: Instruction) -> pd.DataFrame:
    """Columns `anchor`, `positive`, `negative`, and no other: sentence-transformers takes any other for a negative.

    The instruction stands before the text only, as in the method: `Instruct: {task}` and, on the next line, `Query: `.
    """
    texts = examples["input_text"]
    return pd.DataFrame(
        {
            "anchor": instructions(examples) + texts if instruction == "in_anchor" else texts,
            "positive": _positives(examples),
            "negative": examples["misleading_label"],
        }
    )


def _positives(rows: pd.DataFrame) -> "pd.Series[Any]":
    """The label of each row.

    Raises:
        StaleTableError: If a row has several, and the tasks say that none has.
    """
    if rows["label"].isna().any():
        raise StaleTableError(
            "The dataset 'examples' has rows with several labels, and no task in the dataset 'tasks' has, which is "
            "newer. Next: run `kedro run --pipelines generate`"
        )
    return rows["label"]


def triplets_instructions(examples: pd.DataFrame) -> pd.DataFrame:
    """Columns `request_id`, `task_id`, `instruction`: what belongs before each anchor, in the triplets' order."""
    return examples[["request_id", "task_id"]].assign(instruction=instructions(examples))


def instructions(examples: pd.DataFrame) -> pd.Series:
    """Instruction that a model reads before the text."""
    return "Instruct: " + examples["task"] + "\nQuery: "


def text_label_columns(examples: RowTable, *more: str) -> list[str]:
    """Columns that `text_label` needs, as far as the examples have them, and further ones."""
    return [name for name in examples.names if name in TEXT_LABEL_COLUMNS or name in more]


def text_label(examples: pd.DataFrame) -> pd.DataFrame:
    """Columns `text` and `label`, as SetFit and plain classifiers read them; and `LABEL_AGREEMENT`, if there is one."""
    return pd.DataFrame({"text": examples["input_text"], "label": examples["label"], **_agreement(examples)})


def text_labels(examples: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Columns `text`, `labels` (lists), and one of 0 and 1 for each label; and `LABEL_AGREEMENT`, if there is one.

    Args:
        examples: Rows of one task with several labels a text.
        names: Its label set.
    """
    columns = pd.DataFrame(hot(examples, names), columns=list(multi_hot_columns(names)), index=examples.index)
    return pd.DataFrame({"text": examples["input_text"], LABELS: examples[LABELS], **columns, **_agreement(examples)})


def _agreement(examples: pd.DataFrame) -> dict[str, "pd.Series[Any]"]:
    return {LABEL_AGREEMENT: examples[LABEL_AGREEMENT]} if LABEL_AGREEMENT in examples else {}


def label_numbers(labels: pd.Series, names: Sequence[str]) -> NDArray[np.int64]:
    """Position of each label in the label set.

    Raises:
        StaleTableError: If the set lacks one of them.
    """
    numbers = pd.Index(names).get_indexer(pd.Index(labels)).astype(np.int64)
    if (numbers < 0).any():
        raise unknown_label(labels.iloc[int(np.flatnonzero(numbers < 0)[0])])
    return numbers


@export_format
def e5(examples: RowTable, tasks: pd.DataFrame) -> RowTable:
    """Columns `instruction`, `query`, `positive`, `negative`, as training code for E5 reads it; a row a label."""
    return mapped(one_row_a_label(examples, TRIPLET_COLUMNS, several=has_multi_label(tasks)), _e5)


def _e5(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "instruction": rows["task"],
            "query": rows["input_text"],
            "positive": _positives(rows),
            "negative": rows["misleading_label"],
        }
    )


@export_format
def flag_embedding(examples: RowTable, tasks: pd.DataFrame) -> RowTable:
    """Columns `query`, `pos`, `neg` (lists) and `prompt`, as FlagEmbedding reads; it draws one of several positives.

    Rows of no label have no positive, and are left out.
    """
    return mapped(with_a_label(examples, several=has_multi_label(tasks)), _flag_embedding)


def _flag_embedding(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "query": rows["input_text"],
            "pos": [list(labels or ()) for labels in labels_of(rows)],
            "neg": [[label] for label in rows["misleading_label"]],
            "prompt": rows["task"],
        }
    )
