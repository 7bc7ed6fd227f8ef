"""Nodes of the quota."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.pipelines.quality_report.quota_shortfall import shortfall_of
from synthetic_textcat.pipelines.quality_report.quota_standing import Ends, standings
from synthetic_textcat.pipelines.quality_report.signals.nodes import Signals
from synthetic_textcat.pipelines.quality_report.table import quota_metrics, quota_tables
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Rounds, Shortfall
from synthetic_textcat.schemas.rows import fingerprints_of
from synthetic_textcat.schemas.stops import Stops
from synthetic_textcat.text.unicode_unicode import speakable

_MOST_REPLIES = 3
_LONGEST_REPLY = 2_000  # characters


class QuotaState(NamedTuple):
    """How far a quota is: for the report, and for the next pass."""

    quota: Signals
    shortfall: dict[str, Any]


def measure_quota(
    requests: pd.DataFrame,
    calls: pd.DataFrame,
    journal: Journal,
    rounds: dict[str, Any],
    previous_shortfall: dict[str, Any] | None,
    attribute_sampling: AttributeSamplingParameters,
    stops: dict[str, Any],
    *ends: pd.DataFrame,
) -> QuotaState:
    """Where each cell stands, and what the next pass has to bring (`Shortfall`); both empty without a quota.

    Args:
        requests: The plan.
        calls: Which call answers which row.
        journal: The replies, of which those of infeasible cells are shown.
        rounds: Of the plan.
        previous_shortfall: What the pass before found.
        attribute_sampling: Target, columns of a cell, most rounds.
        stops: With the tasks that are paused, of which no pass brings more rows.
        *ends: `examples`, `surplus`, `rejected`, `failed`.
    """
    planned = Rounds.read(rounds)
    if planned is None or attribute_sampling.target_accepted is None:
        return QuotaState({"metrics": {}, "tables": {}, "worst": {}}, {})
    paused = {task.task_id for task in Stops.read(stops).paused}
    cells = standings(requests, planned, attribute_sampling.per, Ends(*ends), paused)

    def replies(positions: Sequence[int]) -> tuple[str, ...]:
        return _raw(journal, fingerprints_of(requests.iloc[list(positions[-_MOST_REPLIES:])], calls))

    previous = Shortfall.read(previous_shortfall)
    if previous is not None and previous.recipe != planned.recipe:
        previous = None
    shortfall = shortfall_of(cells, planned, previous, attribute_sampling, replies)
    tables = quota_tables(cells, shortfall, attribute_sampling.per)
    return QuotaState(
        {"metrics": quota_metrics(shortfall), "tables": tables, "worst": {}}, shortfall.model_dump(mode="json")
    )


def _raw(journal: Journal, fingerprints: Sequence[str]) -> tuple[str, ...]:
    last = (own[-1].raw_text or own[-1].refusal or own[-1].error for own in journal.completions(fingerprints) if own)
    return tuple(speakable(text)[:_LONGEST_REPLY] for text in last if text)
