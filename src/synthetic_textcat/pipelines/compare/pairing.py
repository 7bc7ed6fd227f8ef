"""Pairing of two runs' rows by request id, and the pairs that differ most."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.schemas.outcomes import GOOD_OUTCOMES
from synthetic_textcat.schemas.rows import records_of

_MOSTLY = 0.5
MOST_SHOWN = 20
_MOST_READ = 50_000
_SHOWN = ("outcome", "reason", "input_text", "label", "misleading_label")


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


def rows_apart(pairing: Pairing) -> dict[str, list[dict[str, Any]]]:
    """Of paired runs: rows `lost` (accepted before, not now), `won`, and `changed` (accepted in both, least alike).

    Each is a list of at most `MOST_SHOWN` rows: request_id, task_id, language, and for both runs what came of the row.
    """
    if not pairing.is_paired:
        return {}
    both = pairing.baseline.merge(pairing.candidate, on="request_id", suffixes=("_baseline", "_candidate"))
    both = both.sort_values("request_id").head(_MOST_READ)  # ids are hashes: a random sample, the same on each run
    before, after = (both[f"outcome_{side}"].isin(GOOD_OUTCOMES) for side in ("baseline", "candidate"))
    kept = both[before & after]
    return {
        "lost": _shown(both[before & ~after]),
        "won": _shown(both[~before & after]),
        "changed": _shown(kept.loc[_likeness(kept).sort_values(kind="stable").index]),
    }


def _likeness(rows: pd.DataFrame) -> pd.Series:
    """Share of the words that both texts have: 0 = nothing in common, 1 = the same words."""
    sets = [rows[f"input_text_{side}"].str.casefold().str.split().map(set) for side in ("baseline", "candidate")]
    shares = [len(one & other) / max(1, len(one | other)) for one, other in zip(*sets, strict=True)]
    return pd.Series(shares, rows.index, dtype="float64")


def _shown(rows: pd.DataFrame) -> list[dict[str, Any]]:
    sample = rows.head(MOST_SHOWN)
    return [
        {
            "request_id": row["request_id"],
            "task_id": row["task_id_baseline"],
            "language": row["language_baseline"],
            **{side: {name: row[f"{name}_{side}"] for name in _SHOWN} for side in ("baseline", "candidate")},
        }
        for row in records_of(sample)
    ]
