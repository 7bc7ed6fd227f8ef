"""The rule of one word a label: what a model scores that looks for one word of each label and reads no further."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.text.folds import FOLDS, Codes

Flags = NDArray[np.bool_]


class Rules(NamedTuple):
    """One word for each label.

    Attributes:
        words: The column of each label's word.
        telling: How much it tells: its share of the label's rows less its share of the other rows, -1 to 1.
    """

    words: Codes
    telling: NDArray[np.float64]


def rules_of(present: Any, labels: Codes, kinds: int) -> Rules:
    """The most telling word of each label; of equal ones the first of the alphabet.

    Args:
        present: Sparse, a row for each text and a column for each word: 1 where the text has the word.
        labels: Of the texts, as numbers below `kinds`.
        kinds: How many labels there are.
    """
    own = np.eye(kinds)[labels]
    with_word = present.T @ own
    all_with_word = with_word.sum(axis=1, keepdims=True)
    sizes = own.sum(axis=0)
    telling = with_word / sizes - (all_with_word - with_word) / (len(labels) - sizes)
    words = telling.argmax(axis=0)
    return Rules(words, telling[words, np.arange(kinds)])


def guesses(present: Any, labels: Codes, kinds: int, folds: Codes) -> Codes:
    """The label that the rules give to each row, learnt from the other folds.

    A row with several labels' words gets the label whose word tells most; one with none of them the label that is most
    frequent among such rows.
    """
    guessed = np.empty_like(labels)
    for fold in range(FOLDS):
        held_out = folds == fold
        learnt, known = present[~held_out], labels[~held_out]
        rules = rules_of(learnt, known, kinds)
        without_word = known[~_bears(learnt, rules).any(axis=1)]
        fallback = np.bincount(without_word if len(without_word) else known).argmax()
        bears = _bears(present[held_out], rules)
        guessed[held_out] = np.where(bears.any(axis=1), (bears * (rules.telling + 1)).argmax(axis=1), fallback)
    return guessed


def _bears(present: Any, rules: Rules) -> Flags:
    return np.asarray(present[:, rules.words].toarray() > 0)
