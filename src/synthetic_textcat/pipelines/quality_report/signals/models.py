"""A model that does not read."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from synthetic_textcat.text.folds import Codes
from synthetic_textcat.text.linear_models import held_out


def length_guesses(counts: Any, texts: Sequence[str], labels: Codes, folds: Codes) -> Codes:
    """The label of each row by its length alone: a small decision tree on words and characters, both as logarithms."""
    from sklearn.tree import DecisionTreeClassifier

    lengths = np.log1p(np.column_stack([np.asarray(counts.sum(axis=1)).ravel(), [len(text) for text in texts]]))
    leaves = max(8, 2 * (labels.max() + 1))
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=5, class_weight="balanced", random_state=0)
    return np.asarray(held_out(tree, lengths, labels, folds).argmax(axis=1))
