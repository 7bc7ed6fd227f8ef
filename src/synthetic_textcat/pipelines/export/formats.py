"""Views of the examples that trainers read: triplets, text and label, E5, FlagEmbedding."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.export.splits import distinct_order
from synthetic_textcat.schemas.rows import LABEL_AGREEMENT
from synthetic_textcat.tables import RowTable, factorized, permuted
from synthetic_textcat.text.comparison import comparable

Instruction = Literal["in_anchor", "left_out"]
Format = Callable[[pd.DataFrame], pd.DataFrame]

TRIPLET_COLUMNS = ("task", "input_text", "label", "misleading_label")
"""Columns of the examples that `triplets` needs."""

TEXT_LABEL_COLUMNS = ("input_text", "label", LABEL_AGREEMENT)
"""Columns of the examples that `text_label` needs, if they have them."""

FORMATS: dict[str, Format] = {}
"""Dataset → function of the exported examples; the pipeline makes a node of each."""


def export_format(function: Format) -> Format:
    """Registers a format: the dataset that it fills bears its name."""
    FORMATS[function.__name__] = function
    return function


def in_batch_order(examples: RowTable, batch_size: int | None) -> RowTable:
    """The rows in the order of the triplets: as planned, or with labels apart that batches of this size must not share.

    Of each row a number stays in memory; its text goes through a temporary file.
    """
    if batch_size is None or not len(examples):
        return examples
    codes, labels = factorized(examples, "label")
    return permuted(examples, distinct_order(_alike([comparable(label) for label in labels])[codes], batch_size))


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
            "positive": examples["label"],
            "negative": examples["misleading_label"],
        }
    )


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
    own = {LABEL_AGREEMENT: examples[LABEL_AGREEMENT]} if LABEL_AGREEMENT in examples else {}
    return pd.DataFrame({"text": examples["input_text"], "label": examples["label"], **own})


def label_numbers(labels: pd.Series, names: Sequence[str]) -> NDArray[np.int64]:
    """Position of each label in the label set.

    Raises:
        StaleTableError: If the set lacks one of them.
    """
    numbers = pd.Index(names).get_indexer(pd.Index(labels)).astype(np.int64)
    if (numbers < 0).any():
        label = labels.iloc[int(np.flatnonzero(numbers < 0)[0])]
        raise StaleTableError(
            f"The label {label!r} in the dataset 'examples' is not in its task's label set in the dataset 'tasks', "
            "which is newer. Next: run `kedro run --pipelines generate`"
        )
    return numbers


@export_format
def e5(examples: pd.DataFrame) -> pd.DataFrame:
    """Columns `instruction`, `query`, `positive`, `negative`, as training code for E5 reads it."""
    return pd.DataFrame(
        {
            "instruction": examples["task"],
            "query": examples["input_text"],
            "positive": examples["label"],
            "negative": examples["misleading_label"],
        }
    )


@export_format
def flag_embedding(examples: pd.DataFrame) -> pd.DataFrame:
    """Columns `query`, `pos`, `neg` (lists) and `prompt`, as FlagEmbedding reads."""
    return pd.DataFrame(
        {
            "query": examples["input_text"],
            "pos": [[label] for label in examples["label"]],
            "neg": [[label] for label in examples["misleading_label"]],
            "prompt": examples["task"],
        }
    )
