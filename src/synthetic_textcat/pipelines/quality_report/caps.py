"""What stopped a run before its end."""

from collections.abc import Mapping

from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import plus, reaches
from synthetic_textcat.schemas.stops import Stops


def reached_cap(metrics: Mapping[str, float | None], generation: GenerationParameters) -> str:
    """The parameter whose cap left rows of this run's plan unasked, or not asked again; empty if none did."""
    caps = {
        "generation.max_cost_usd": (_charged(metrics, "cost/usd_"), generation.max_cost_usd),
        "generation.max_tokens_total": (_charged(metrics, "tokens/"), generation.max_tokens_total),
    }
    if metrics["rows/not_run"] or metrics["rows/failed"]:
        for name, (spent, cap) in caps.items():
            if cap is not None and spent is not None and reaches(spent, cap):
                return name
    return ""


def stopped_by(stops: Stops, metrics: Mapping[str, float | None], generation: GenerationParameters) -> str:
    """The cause of an outage, `paused_tasks` where each task with rows to ask for is paused, or the cap; else empty."""
    return stops.stopped_by or reached_cap(metrics, generation)


def _charged(metrics: Mapping[str, float | None], unit: str) -> float | None:
    """What a cap was charged: what is known, and the upper bound of the rest."""
    return plus(metrics[f"{unit}known_this_run"], metrics[f"{unit}unknown_at_most_this_run"])
