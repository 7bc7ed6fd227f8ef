"""Which rows of two runs belong together: those of the same request id, which no model, prompt or attribute moves."""

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

_MOSTLY = 0.5


@dataclass(frozen=True)
class Pairing:
    """Outcomes of two runs; paired, row by row of the same request.

    Attributes:
        baseline, candidate: Columns `OUTCOMES`.
        is_paired: Whether the rows of both belong together in their order.
        only_baseline, only_candidate: Rows left out for want of a partner.
    """

    baseline: pd.DataFrame
    candidate: pd.DataFrame
    is_paired: bool
    only_baseline: int = 0
    only_candidate: int = 0

    @property
    def accepted(self) -> "Accepted":
        """The accepted rows; of pairs those that both runs accepted."""
        before, after = (run["outcome"] == "accepted" for run in (self.baseline, self.candidate))
        if self.is_paired:
            before = after = before & after
        return Accepted(self.baseline[before], self.candidate[after], self.is_paired)


class Accepted(NamedTuple):
    """Accepted rows of two runs.

    Attributes:
        baseline, candidate: Columns `OUTCOMES`.
        is_paired: Whether these are the rows that both accepted, in one order.
    """

    baseline: pd.DataFrame
    candidate: pd.DataFrame
    is_paired: bool


def pair(baseline: pd.DataFrame, candidate: pd.DataFrame) -> Pairing:
    """Pairs rows that were run in both; runs that share fewer than half of the smaller one's rows stay unpaired."""
    ran = [outcomes[outcomes["outcome"] != "not_run"] for outcomes in (baseline, candidate)]
    one, other = (outcomes.set_index("request_id", drop=False) for outcomes in ran)
    common = one.index.intersection(other.index, sort=False)
    if len(common) < _MOSTLY * min(len(one), len(other)) or common.empty:
        return Pairing(one.reset_index(drop=True), other.reset_index(drop=True), is_paired=False)
    return Pairing(
        one.loc[common].reset_index(drop=True),
        other.loc[common].reset_index(drop=True),
        is_paired=True,
        only_baseline=len(one) - len(common),
        only_candidate=len(other) - len(common),
    )
