"""Evaluation set of the user: its text column, and contamination (examples that it already contains)."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from synthetic_textcat.errors import EvaluationError, nearest
from synthetic_textcat.text.comparison import sentence_key
from synthetic_textcat.text.near_duplicates import CrossSetMatcher

EXACT, NEAR = "exact", "near"
TEXT_COLUMNS = ("text", "input_text")


def overlaps_of(texts: Collection[str], evaluation_texts: Collection[str], similarity: float) -> list[str | None]:
    """Overlap of each text with the evaluation set: `exact`, `near`, or None.

    Args:
        texts: Texts of the examples.
        evaluation_texts: Texts of the evaluation set.
        similarity: Least Jaccard similarity of character 5-grams of a near text; equality of comparison forms is
            exact.
    """
    if not len(texts) or not len(evaluation_texts):
        return [None] * len(texts)
    held = [sentence_key(text) for text in evaluation_texts]
    ours = [sentence_key(text) for text in texts]
    known = set(held)
    is_ours = np.arange(len(ours) + len(held)) < len(ours)
    near = CrossSetMatcher([*ours, *held], similarity).near(is_ours, ~is_ours)
    return [EXACT if text in known else NEAR if near[place] else None for place, text in enumerate(ours)]


def evaluation_texts(evaluation_set: pd.DataFrame | None) -> list[str]:
    """The texts of the evaluation set; empty without a set.

    Raises:
        EvaluationError: If it has no text column.
    """
    if evaluation_set is None:
        return []
    return [str(text) for text in evaluation_set[text_column(evaluation_set)].dropna()]


def text_column(evaluation_set: pd.DataFrame) -> str:
    """The name of the text column.

    Raises:
        EvaluationError: If there is none.
    """
    column = next((name for name in TEXT_COLUMNS if name in evaluation_set), None)
    if column is None:
        names = list(map(str, evaluation_set.columns))
        raise EvaluationError(
            f"The evaluation set has no column `text`, but {', '.join(names) or 'none at all'} "
            f"({nearest('text', names)}). Next: rename its text column to `text`"
        )
    return column
