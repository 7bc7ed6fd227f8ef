"""What stopped a run before its end."""

from collections.abc import Mapping

from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.stops import Stops


def reached_cap(metrics: Mapping[str, float | None], generation: GenerationParameters) -> str:
    """The parameter whose cap left rows of this run's plan unasked, or not asked again; empty if none did."""
    caps = {
        "generation.max_cost_usd": (metrics["cost/usd_this_run"], generation.max_cost_usd),
        "generation.max_tokens_total": (metrics["tokens/this_run"], generation.max_tokens_total),
    }
    if metrics["rows/not_run"] or metrics["rows/failed"]:
        for name, (spent, cap) in caps.items():
            if cap is not None and spent is not None and spent >= cap:
                return name
    return ""


def stopped_by(stops: Stops, metrics: Mapping[str, float | None], generation: GenerationParameters) -> str:
    """The cause of an outage, `paused_tasks` where no task is left that is not paused, or the cap; else empty."""
    return stops.stopped_by or reached_cap(metrics, generation)
