"""Evaluation set of the user: its text column, and contamination (examples that it already contains)."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import repeat

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import EvaluationError, nearest
from synthetic_textcat.text.comparison import sentence_key
from synthetic_textcat.text.cross_set import CrossSetMatcher
from synthetic_textcat.text.sketched_texts import SketchedTexts

EXACT, NEAR = "exact", "near"
TEXT_COLUMNS = ("text", "input_text")


def overlaps_of(
    texts: Iterable[Sequence[str]], number: int, evaluation_texts: Collection[str], similarity: float
) -> Iterator[str | None]:
    """Overlap of each text with the evaluation set: `exact`, `near`, or None.

    Args:
        texts: Texts of the examples, in batches, which are read once.
        number: Number of these texts.
        evaluation_texts: Texts of the evaluation set.
        similarity: Least Jaccard similarity of character 5-grams of a near text; equality of comparison forms is
            exact.
    """
    if not number or not len(evaluation_texts):
        yield from repeat(None, number)
        return
    held = [sentence_key(text) for text in evaluation_texts]
    known, exact = frozenset(held), list[NDArray[np.bool_]]()

    def keys() -> Iterator[list[str]]:
        for batch in texts:
            own = [sentence_key(text) for text in batch]
            exact.append(np.fromiter((key in known for key in own), np.bool_, len(own)))
            yield own
        yield held

    sketched = SketchedTexts(keys(), similarity)
    is_ours = np.arange(number + len(held)) < number
    near = CrossSetMatcher(sketched, similarity).near(is_ours, ~is_ours)
    for is_exact, is_near in zip(np.concatenate(exact), near[:number], strict=True):
        yield EXACT if is_exact else NEAR if is_near else None


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
