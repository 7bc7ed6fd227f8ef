"""Majority of a judge's votes on a row: the verdict, whether it is as planned, whether the misleading label fits."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from synthetic_textcat.schemas.label_sets import label_set_code
from synthetic_textcat.schemas.label_verdicts import BOTH


class LabelAndSecond(Protocol):
    """A judge's answer: a label or a word for none or both, and another label that fits as well, if any."""

    @property
    def verdict(self) -> str:
        """The answer."""

    @property
    def also_fits(self) -> str | None:
        """The other label."""


def majority(votes: Sequence[LabelAndSecond], label: str, misleading_label: str) -> dict[str, Any]:
    """Verdict, votes, agrees and ambiguous of a row, as in `LABEL_VERDICTS`.

    The verdict with most votes counts; if two have as many, there is none. `ambiguous` goes by more than half of the
    votes, whatever the verdict.

    Args:
        votes: At least one.
        label: The row's label.
        misleading_label: Its misleading label.
    """
    counts = Counter(vote.verdict for vote in votes).most_common(2)
    verdict, most = counts[0]
    is_tie = len(counts) > 1 and counts[1][1] == most
    pair = {label, misleading_label}
    both = sum(vote.verdict == BOTH or {vote.verdict, vote.also_fits} == pair for vote in votes)
    return {
        "verdict": None if is_tie else verdict,
        "votes": most,
        "agrees": not is_tie and verdict in (label, BOTH),
        "ambiguous": 2 * both > len(votes),
    }


def set_majority(
    votes: Sequence[Sequence[str]], asked: Sequence[str], labels: Sequence[str], misleading_label: str
) -> dict[str, Any]:
    """Verdict, votes, agrees and ambiguous of a row with several labels, as in `LABEL_VERDICTS`.

    A label is in the verdict if more than half of the votes say that it fits. If for one of the labels as many say no
    as yes, there is no verdict. `votes` counts those for the answer with the fewest.

    Args:
        votes: The labels that fit, of each vote; at least one vote.
        asked: All labels of the task, in its order.
        labels: The row's labels.
        misleading_label: Its misleading label.
    """
    fits = Counter(label for vote in votes for label in vote)
    judged = [label for label in asked if 2 * fits[label] > len(votes)]
    is_tie = any(2 * fits[label] == len(votes) for label in asked)
    return {
        "verdict": None if is_tie else label_set_code(judged),
        "votes": min(max(fits[label], len(votes) - fits[label]) for label in asked),
        "agrees": not is_tie and {*judged} == {*labels},
        "ambiguous": misleading_label in judged,
    }
