"""The linear model that all learners share, and the score that all are told by."""

from typing import Any

import numpy as np

from synthetic_textcat.text.folds import Codes

_STRENGTH = 10.0  # the inverse of the regularisation: vectors of texts are of length 1, so weights have to be large


def linear_model() -> Any:
    """Logistic regressions, one a label against all others; the same numbers on any machine."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    return OneVsRestClassifier(LogisticRegression(C=_STRENGTH, solver="liblinear", random_state=0))


def macro_f1(labels: Codes, guessed: Codes) -> float:
    """Mean, over the labels that rows have, of F1 = 2 * hits / (rows of the label + guesses of it); 0 to 1.

    Four digits, which are the same on any machine.
    """
    from sklearn.metrics import f1_score

    known = np.unique(labels)
    return round(float(f1_score(labels, guessed, labels=known, average="macro", zero_division=0)), 4)
