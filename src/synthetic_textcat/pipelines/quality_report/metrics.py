"""The metrics: flat name → number, or null where it can't be known. Names group by `/`."""

from collections.abc import Mapping, Sequence

import pandas as pd

from synthetic_textcat.pipelines.quality_report.ledger import Ledger
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.outcomes import CONTENT_CAUSES, FAILURE_CAUSES, REJECT_REASONS

Metrics = dict[str, float | None]


def row_metrics(ledger: Ledger) -> Metrics:
    """Counts of rows by end; every reason and cause has its metric, so that runs compare. Unit: rows.

    `rate/parsed`: candidates / rows that a reply came for; null where none did. Unit: share.
    """
    return {
        "rows/planned": ledger["planned"],
        "rows/accepted": ledger["accepted"],
        "rows/rejected": sum(ledger["rejected"].values()),
        "rows/failed": sum(ledger["failed"].values()),
        "rows/not_run": ledger["not_run"],
        "rows/surplus": ledger["surplus"],
        "rate/parsed": _parsed(ledger),
        **{f"rejected/{reason}": ledger["rejected"].get(reason, 0) for reason in REJECT_REASONS},
        **{f"failed/{cause}": ledger["failed"].get(cause, 0) for cause in FAILURE_CAUSES},
    }


def candidates_in(ledger: Ledger) -> int:
    """Rows whose reply parsed, whatever the checks said of them."""
    return ledger["accepted"] + ledger["surplus"] + sum(ledger["rejected"].values())


def _parsed(ledger: Ledger) -> float | None:
    candidates = candidates_in(ledger)
    answered = candidates + sum(ledger["failed"].get(cause, 0) for cause in CONTENT_CAUSES)
    return candidates / answered if answered else None


def yield_metrics(requests: pd.DataFrame, good: "Sequence[str] | pd.Series[str]") -> Metrics:
    """Good (accepted or surplus) / planned: in all, by language (its code) and by task. Unit: share, 0 to 1."""
    hit = requests["request_id"].isin(good)
    by_language = hit.groupby(requests["language"]).mean()
    by_task = hit.groupby(requests["task_id"]).mean()
    return {
        "yield/all": float(hit.mean()),
        **{f"yield/language/{find_language(str(name)).code}": float(share) for name, share in by_language.items()},
        **{f"yield/task/{task_id}": float(share) for task_id, share in by_task.items()},
    }


def merged(*parts: Mapping[str, float | None]) -> Metrics:
    """All parts in one flat mapping."""
    return {name: value for part in parts for name, value in part.items()}
