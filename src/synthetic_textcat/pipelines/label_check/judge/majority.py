"""Majority of a judge's votes on a row: the verdict, whether it is the row's label, and whether both labels fit."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from synthetic_textcat.schemas.label_verdicts import BOTH


class Vote(Protocol):
    """A judge's answer: a label or a word for none or both, and another label that fits as well, if any."""

    @property
    def verdict(self) -> str:
        """The answer."""

    @property
    def also_fits(self) -> str | None:
        """The other label."""


def majority(votes: Sequence[Vote], label: str, misleading_label: str) -> dict[str, Any]:
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
