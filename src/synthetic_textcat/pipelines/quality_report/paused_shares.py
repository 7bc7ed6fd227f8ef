"""Shares as thresholds see them: without the rows of paused tasks, which the pause has judged already."""

from collections.abc import Mapping, Sequence

import pandas as pd

from synthetic_textcat.schemas.outcomes import CONTENT_CAUSES
from synthetic_textcat.schemas.stops import PausedTask

_CANDIDATES = ("accepted", "surplus", "rejected")


def without_paused(
    metrics: Mapping[str, float | None], outcomes: pd.DataFrame, paused: Sequence[PausedTask]
) -> Mapping[str, float | None]:
    """The metrics, with the shares that a paused task spoils measured on the other tasks' rows.

    Those are `rate/parsed`, and `rate/<reason>` for each reject reason that a task is paused for. Where no row of
    another task got a reply, all stays as it is.

    Args:
        metrics: Of the whole plan, by name.
        outcomes: Columns `OUTCOMES`.
        paused: The tasks that are asked no further.
    """
    others = outcomes[~outcomes["task_id"].isin([task.task_id for task in paused])]
    candidates = int(others["outcome"].isin(_CANDIDATES).sum())
    answered = candidates + int(others["reason"].isin(list(CONTENT_CAUSES)).sum())
    if not paused or not answered:
        return metrics
    seen = {**metrics, "rate/parsed": candidates / answered}
    for reason in {task.reason for task in paused}:
        if (name := f"rate/{reason}") in metrics:
            seen[name] = int((others["reason"] == reason).sum()) / candidates if candidates else None
    return seen
