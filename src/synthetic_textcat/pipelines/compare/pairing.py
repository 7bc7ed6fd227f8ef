"""Pairing of two runs' rows by request id, and the paired rows that differ most."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.schemas.outcomes import GOOD_OUTCOMES
from synthetic_textcat.schemas.rows import records_of

_MOSTLY = 0.5
MOST_SHOWN = 20
_MOST_READ = 50_000
_SHOWN = ("outcome", "reason", "input_text", "misleading_label")


@dataclass(frozen=True)
class Pairing:
    """Outcomes of two runs; if paired, both tables list the same requests in the same order.

    Attributes:
        baseline, candidate: Columns `OUTCOMES`.
        is_paired: Whether the rows are paired.
        only_baseline, only_candidate: Number of rows without a counterpart, which are left out.
    """

    baseline: pd.DataFrame
    candidate: pd.DataFrame
    is_paired: bool
    only_baseline: int = 0
    only_candidate: int = 0

    @property
    def accepted(self) -> "Accepted":
        """Accepted rows; if paired, rows accepted in both runs."""
        before, after = (run["outcome"] == "accepted" for run in (self.baseline, self.candidate))
        if self.is_paired:
            before = after = before & after
        return Accepted(self.baseline[before], self.candidate[after], self.is_paired)


class Accepted(NamedTuple):
    """Accepted rows of two runs.

    Attributes:
        baseline, candidate: Columns `OUTCOMES`.
        is_paired: Whether both tables list the rows that both runs accepted, in the same order.
    """

    baseline: pd.DataFrame
    candidate: pd.DataFrame
    is_paired: bool


def pair(baseline: pd.DataFrame, candidate: pd.DataFrame) -> Pairing:
    """Pairs the rows run in both; runs that share less than half of the smaller run's rows stay unpaired."""
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


def row_diffs(pairing: Pairing) -> dict[str, list[dict[str, Any]]]:
    """Paired rows that differ: `lost` (accepted in the baseline only), `won`, and `changed` (both, least similar).

    Each is a list of at most `MOST_SHOWN` rows: request_id, task_id, language, and the result of the row in both runs.
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
    """Jaccard similarity of both texts' words: 0 = nothing in common, 1 = the same words."""
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
            **{
                side: {**{name: row[f"{name}_{side}"] for name in _SHOWN}, "label": _label(row, side)}
                for side in ("baseline", "candidate")
            },
        }
        for row in records_of(sample)
    ]


def _label(row: Mapping[str, Any], side: str) -> str | None:
    """The label of a row, or its labels in one text; None if it has no reply."""
    label, labels = row[f"label_{side}"], row[f"labels_{side}"]
    if label is not None or labels is None:
        return str(label) if label is not None else None
    return ", ".join(labels) or "no label"
