"""The user's own evaluation set: where its texts stand, and which rows it has already, as must not be trained on."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from synthetic_textcat.errors import EvaluationError, nearest
from synthetic_textcat.schemas.tasks import normalise
from synthetic_textcat.text.near_duplicates import CrossSetMatcher

EXACT, NEAR = "exact", "near"
TEXT_COLUMNS = ("text", "input_text")


def overlaps_of(texts: Collection[str], evaluation_texts: Collection[str], similarity: float) -> list[str | None]:
    """For each text whether the evaluation set has it: `exact`, `near`, or None.

    Args:
        texts: Of the examples.
        evaluation_texts: Of the user's evaluation set.
        similarity: Jaccard of the character 5-grams, from which on a text is near; equal but for case, width and white
            space is exact.
    """
    if not len(texts) or not len(evaluation_texts):
        return [None] * len(texts)
    held = [normalise(text) for text in evaluation_texts]
    ours = [normalise(text) for text in texts]
    known = set(held)
    is_ours = np.arange(len(ours) + len(held)) < len(ours)
    near = CrossSetMatcher([*ours, *held], similarity).near(is_ours, ~is_ours)
    return [EXACT if text in known else NEAR if near[place] else None for place, text in enumerate(ours)]


def evaluation_texts(evaluation_set: pd.DataFrame | None) -> list[str]:
    """The texts of the evaluation set, none if there is no set.

    Raises:
        EvaluationError: If it has no column of texts.
    """
    if evaluation_set is None:
        return []
    return [str(text) for text in evaluation_set[text_column(evaluation_set)].dropna()]


def text_column(evaluation_set: pd.DataFrame) -> str:
    """The column of its texts.

    Raises:
        EvaluationError: If it has none.
    """
    column = next((name for name in TEXT_COLUMNS if name in evaluation_set), None)
    if column is None:
        names = list(map(str, evaluation_set.columns))
        raise EvaluationError(
            f"The evaluation set has no column `text`, but {', '.join(names) or 'none at all'} "
            f"({nearest('text', names)}). Next: name the column of its texts `text`"
        )
    return column
