"""When a run is not good enough, and when it was stopped before its end."""

from collections.abc import Mapping

from synthetic_textcat.pipelines.quality_report.ledger import Ledger
from synthetic_textcat.schemas.parameters import GenerationParameters


def too_low(ledger: Ledger, min_yield: float) -> str | None:
    """What is wrong with the yield of the rows that were run, accepted / (planned - not_run); None if nothing is."""
    run = ledger["planned"] - ledger["not_run"]
    if not run or ledger["accepted"] / run >= min_yield:
        return None
    causes = sorted({**ledger["rejected"], **ledger["failed"]}.items(), key=lambda cause: -cause[1])
    return (
        f"Only {ledger['accepted']} of {run} rows were accepted; quality_report.min_yield={min_yield} asks for more. "
        f"Most common: {', '.join(f'{name} {rows}' for name, rows in causes[:3])}. All is saved: see the report"
    )


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
