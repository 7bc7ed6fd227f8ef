"""Nodes of the report page and the plots."""

from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.quality_report.concerns import Concern
from synthetic_textcat.pipelines.quality_report.ledger import Ledger, Metrics
from synthetic_textcat.pipelines.quality_report.page.page import Report, pointed_at, render, sample
from synthetic_textcat.pipelines.quality_report.page.plots import SIGNAL_FIGURES, yield_figure
from synthetic_textcat.pipelines.quality_report.signals.nodes import Signals, tables_of
from synthetic_textcat.schemas.outcomes import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.stops import Stops, stop_sentence


def plot_yield(ledger: Ledger) -> Any:
    """The plot of where rows ended, a plotly figure (Kedro reads annotations, and naming plotly's would import it)."""
    return yield_figure(ledger)


def plot_signals(*signals: Signals) -> tuple[Any, ...]:
    """The plots of what signals came to, plotly figures in the order of `SIGNAL_FIGURES`."""
    tables = tables_of(signals)
    return tuple(draw(tables.get(name, ())) for name, draw in SIGNAL_FIGURES.items())


def write_report(
    ledger: Ledger,
    metrics: Metrics,
    concerns: list[Concern],
    examples: pd.DataFrame,
    rejected: pd.DataFrame,
    failed: pd.DataFrame,
    tasks: pd.DataFrame,
    stopped_by: str,
    stops: dict[str, Any],
    llm: LlmParameters,
    *signals: Signals,
) -> str:
    """The report as HTML."""
    by_templates = llm.model == OFFLINE_MODEL or OFFLINE_MODEL in set(examples["model_name"])
    worst = {name: rows for part in signals for name, rows in part["worst"].items()}
    return render(
        Report(
            ledger=ledger,
            metrics=metrics,
            concerns=concerns,
            model=llm.model,
            banner=BANNER if by_templates else None,
            stopped_by=stop_sentence(stopped_by, Stops.read(stops)),
            tables=tables_of(signals),
            accepted=sample(examples),
            rejected=sample(rejected),
            failed=sample(failed.merge(tasks[["task_id", "task"]], on="task_id", how="left")),
            worst={name: pointed_at(rows, (examples, rejected)) for name, rows in worst.items()},
        )
    )
