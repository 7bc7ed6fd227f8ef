"""The rows in which two runs differ most, side by side."""

from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.compare.pairing import Pairing
from synthetic_textcat.schemas.outcomes import GOOD_OUTCOMES
from synthetic_textcat.schemas.rows import records_of

MOST_SHOWN = 20
_MOST_READ = 50_000
_SHOWN = ("outcome", "reason", "input_text", "label", "misleading_label")


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
