"""Running totals of a judge's calls, and the progress line made of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from synthetic_textcat.hooks.tally import CallTotals, progress_line, short
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.open_calls import NONE_OPEN
from synthetic_textcat.schemas.prices import PriceList


@dataclass(slots=True)
class VerdictTally:
    """Counts a judge's replies as they are saved. What they say is counted when all are there.

    Attributes:
        asked: Votes to ask for.
        answered: Votes with a reply.
        unanswered: Votes whose last call brought no reply; it may be made again.
        totals: Tokens and cost.
    """

    asked: int
    answered: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)
    totals: CallTotals = field(default_factory=CallTotals)

    @property
    def done(self) -> int:
        """Votes with a reply."""
        return len(self.answered)

    def add(self, completions: Iterable[Completion], prices: PriceList) -> None:
        """Counts the saved completions."""
        self.totals.add(completions, prices)
        for completion in completions:
            if completion.replied:
                self.answered.add(completion.request_id)
                self.unanswered.discard(completion.request_id)
            elif completion.request_id not in self.answered:
                self.unanswered.add(completion.request_id)

    def end(self) -> None:
        """No more calls are made."""
        self.totals.open_calls = NONE_OPEN

    def line(self, seconds: float, left_s: float | None = None) -> str:
        """The counts as one line; see `tally.progress_line`."""
        counts = {"rows": f"{short(self.done)}/{short(self.asked)} verdicts"}
        if self.unanswered:
            counts["without reply"] = f"{short(len(self.unanswered))} without reply"
        return progress_line(counts, self.totals, self.done / seconds if seconds > 0 else 0.0, left_s)
