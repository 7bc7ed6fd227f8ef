"""Running totals of a judge's calls, and the progress line made of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.hooks.tally import CallTotals, progress_line, short
from synthetic_textcat.llm.journal.lines import digests_of
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.open_calls import NONE_OPEN
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.tables import KeyPositions

_WITHOUT_REPLY, _ANSWERED = 1, 2


class VerdictTally:
    """Counts a judge's replies as they are saved, 25 bytes a vote. What they say is counted when all are there.

    Args:
        digests: Fingerprints of the calls of the votes to ask for, as bytes.

    Attributes:
        done: Votes with a reply.
        without_reply: Votes whose last call brought no reply; it may be made again.
        totals: Tokens and cost.
    """

    def __init__(self, digests: NDArray[np.bytes_]) -> None:
        self._votes = KeyPositions(len(digests), [digests])
        self._states = np.zeros(len(digests), np.int8)
        self.done = self.without_reply = 0
        self.totals = CallTotals()

    @property
    def asked(self) -> int:
        """Votes to ask for."""
        return len(self._states)

    def add(self, completions: Sequence[Completion], prices: PriceList) -> None:
        """Counts the saved completions."""
        self.totals.add(completions, prices)
        votes = self._votes.find(digests_of(completion.fingerprint for completion in completions)).tolist()
        for vote, completion in zip(votes, completions, strict=True):
            if vote < 0:  # asked for by nobody
                continue
            before = int(self._states[vote])
            after = max(before, _ANSWERED if completion.replied else _WITHOUT_REPLY)
            self._states[vote] = after
            self.done += before < after == _ANSWERED
            self.without_reply += (after == _WITHOUT_REPLY) - (before == _WITHOUT_REPLY)

    def end(self) -> None:
        """No more calls are made."""
        self.totals.open_calls = NONE_OPEN

    def line(self, seconds: float, left_s: float | None = None) -> str:
        """The counts as one line; see `tally.progress_line`."""
        counts = {"rows": f"{short(self.done)}/{short(self.asked)} verdicts"}
        if self.without_reply:
            counts["without reply"] = f"{short(self.without_reply)} without reply"
        return progress_line(counts, self.totals, self.done / seconds if seconds > 0 else 0.0, left_s)
