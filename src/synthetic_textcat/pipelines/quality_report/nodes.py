"""Nodes of `quality_report`: ledger, metrics, concerns, plots, page; checks and signals have nodes of their own."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.llm.batches.record import BatchRecord
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.journal.paid_calls import joined, last_places, read_paid_calls, with_later_calls
from synthetic_textcat.pipelines.quality_report.call_costs import made_up_mask
from synthetic_textcat.pipelines.quality_report.concerns import Concern, assess
from synthetic_textcat.pipelines.quality_report.ledger import (
    PLANNED,
    Ledger,
    Metrics,
    count,
    merged,
    most_common_failure,
    outcome_rows,
    outcomes_of,
    paid_by_row,
    row_metrics,
    stopped_by,
    without_paused,
    yield_metrics,
)
from synthetic_textcat.pipelines.quality_report.page.page import Report, pointed_at, render, sample
from synthetic_textcat.pipelines.quality_report.page.plots import SIGNAL_FIGURES, yield_figure
from synthetic_textcat.pipelines.quality_report.quota_shortfall import quota_metrics, quota_tables, shortfall_of
from synthetic_textcat.pipelines.quality_report.quota_standing import OutcomeTables, standing_of
from synthetic_textcat.pipelines.quality_report.signals.nodes import Signals, tables_of
from synthetic_textcat.pipelines.quality_report.spending import (
    spending_metrics,
    sum_spending,
    sum_verdict_spending,
    verdict_metrics,
    with_verdicts,
)
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import (
    AttributeSamplingParameters,
    GenerationParameters,
    LabelCheckParameters,
    LlmParameters,
    QualityReportParameters,
)
from synthetic_textcat.schemas.prices import PriceList, is_made_up
from synthetic_textcat.schemas.quota import Rounds, Shortfall
from synthetic_textcat.schemas.rows import fingerprint_column, fingerprints_of, plain
from synthetic_textcat.schemas.stops import Stops, stop_sentence
from synthetic_textcat.schemas.writers import writer_note
from synthetic_textcat.tables import RowTable
from synthetic_textcat.text.unicode import replace_surrogates

_MOST_REPLIES = 3
_LONGEST_REPLY = 2_000  # characters


def build_ledger(
    requests: pd.DataFrame,
    examples: pd.DataFrame,
    surplus: pd.DataFrame,
    rejected: pd.DataFrame,
    failed: pd.DataFrame,
    calls: pd.DataFrame,
    batch_record: BatchRecord,
) -> Ledger:
    """Ledger of the run.

    Raises:
        LedgerError: If the counts do not add up.
    """
    at_provider = batch_record.under_way()
    in_batch = calls["request_id"][calls["fingerprint"].isin(at_provider)] if at_provider else ()
    return count(
        plain(requests["request_id"]),
        plain(examples["request_id"]),
        dict(zip(plain(rejected["request_id"]), plain(rejected["reject_reason"]), strict=True)),
        dict(zip(plain(failed["request_id"]), plain(failed["failure_cause"]), strict=True)),
        plain(surplus["request_id"]),
        set(in_batch),
    )


def list_outcomes(
    requests: pd.DataFrame,
    calls: pd.DataFrame,
    paid_calls: RowTable | None,
    journal: Journal,
    examples: pd.DataFrame,
    surplus: pd.DataFrame,
    rejected: pd.DataFrame,
    findings: pd.DataFrame,
    failed: pd.DataFrame,
    prices: dict[str, Any],
) -> pd.DataFrame:
    """The table `outcomes`: outcome, calls, tokens and cost of each planned row; columns `OUTCOMES`, in plan order.

    Of the journal only calls are read that were made after `paid_calls` was written: none in a run that settled rows.
    """
    lines = with_later_calls(paid_calls, journal).to_pandas()
    paid = paid_by_row(lines, fingerprint_column(requests, calls), PriceList.read(prices))
    planned = requests[["request_id", "task_id", "language"]].merge(findings, on="request_id", how="left")
    return outcome_rows(planned[PLANNED], paid, outcomes_of(examples, surplus, rejected, failed))


def measure(
    ledger: Ledger,
    requests: pd.DataFrame,
    calls: pd.DataFrame,
    examples: pd.DataFrame,
    surplus: pd.DataFrame,
    paid_calls: RowTable | None,
    journal: Journal,
    brainstorm_journal: Journal,
    verdict_journal: Journal,
    verdict_calls: pd.DataFrame | None,
    unjudged: pd.DataFrame,
    prices: dict[str, Any],
    llm: LlmParameters,
    label_check: LabelCheckParameters,
    run_id: str,
    *signals: Signals,
) -> Metrics:
    """All metrics by name; made-up costs of the offline model are never added to costs of a real one.

    If one of writer and judge is the offline model, the sums are of rows alone, and the judge's part stands apart.

    Of the journal only calls are read that were made after `paid_calls` was written: none in a run that settled rows.
    """
    rehearses, judge = is_made_up(llm.model), label_check.judge(llm).model
    lines = joined([with_later_calls(paid_calls, journal), read_paid_calls(brainstorm_journal)]).to_pandas()
    lines = lines[made_up_mask(lines, llm.model) == rehearses]
    verdict_lines = read_paid_calls(verdict_journal).to_pandas()
    is_rehearsed = made_up_mask(verdict_lines, judge)
    price_list = PriceList.read(prices)
    verdicts = {
        kind: sum_verdict_spending(
            verdict_lines[is_rehearsed == kind], requests, verdict_calls, price_list, run_id, judge
        )
        for kind in {is_made_up(judge), rehearses}
    }
    spent = with_verdicts(sum_spending(lines, requests, calls, price_list, run_id, llm.model), verdicts[rehearses])
    return merged(
        row_metrics(ledger),
        yield_metrics(requests, pd.concat([examples["request_id"], surplus["request_id"]])),
        spending_metrics(spent, ledger["accepted"]),
        verdict_metrics(verdicts[is_made_up(judge)]),
        {"label/unjudged": len(unjudged)} if verdict_calls is not None and len(verdict_calls) else {},
        {"cost/made_up": float(rehearses and price_list.price(llm.model) is not None)},
        *(part["metrics"] for part in signals),
    )


def name_stop(metrics: Metrics, generation: GenerationParameters, stops: dict[str, Any]) -> str:
    """Stop reason of this run for MLflow's tag `stopped_by`; empty if it ran to the end."""
    return stopped_by(Stops.read(stops), metrics, generation)


def name_answering_model(metrics: Metrics, stops: dict[str, Any]) -> str:  # noqa: ARG001 (made after the calls)
    """Other models than the requested one that answered in this run, for MLflow's tag; empty if there is none."""
    return ", ".join(Stops.read(stops).answered_as)


def assess_run(
    ledger: Ledger,
    metrics: Metrics,
    outcomes: pd.DataFrame,
    failed: pd.DataFrame,
    settings: QualityReportParameters,
    stops: dict[str, Any],
    *signals: Signals,
) -> list[Concern]:
    """Concerns about the run, the most severe first."""
    why = Stops.read(stops)
    shares = without_paused(metrics, outcomes, why.paused)
    return assess(ledger, shares, settings, tables_of(signals), why, most_common_failure(failed))


class QuotaState(NamedTuple):
    """Progress of a quota: a signal for the report, and the shortfall for the next pass."""

    quota: Signals
    shortfall: dict[str, Any]


def measure_quota(
    requests: pd.DataFrame,
    calls: pd.DataFrame,
    paid_calls: RowTable | None,
    journal: Journal,
    rounds: dict[str, Any],
    quota_slots: pd.DataFrame,
    previous_shortfall: dict[str, Any] | None,
    attribute_sampling: AttributeSamplingParameters,
    stops: dict[str, Any],
    *ends: pd.DataFrame,
) -> QuotaState:
    """Progress of each quota cell, and the shortfall that the next pass has to fill; both empty without a quota.

    Args:
        requests: The plan.
        calls: Fingerprint of the call of each row.
        paid_calls: Place of each reply in the journal.
        journal: Replies; the report quotes some where values were given up, and only these are read.
        rounds: Rounds of the plan.
        quota_slots: Accepted rows that the quota asks for.
        previous_shortfall: Shortfall of the previous pass.
        attribute_sampling: Target, columns of a cell, maximum of rounds.
        stops: Stop reasons, with the paused tasks, for which no pass adds rows.
        *ends: `examples`, `surplus`, `rejected`, `failed`.
    """
    planned = Rounds.read(rounds)
    if planned is None or attribute_sampling.target_accepted is None:
        return QuotaState({"metrics": {}, "tables": {}, "worst": {}}, {})
    paused = {task.task_id for task in Stops.read(stops).paused}
    standing = standing_of(requests, quota_slots, planned, OutcomeTables(*ends), paused)

    def replies(positions: Sequence[int]) -> tuple[str, ...]:
        fingerprints = fingerprints_of(requests.iloc[list(positions[-_MOST_REPLIES:])], calls)
        return _raw(journal.at(last_places(with_later_calls(paid_calls, journal), fingerprints)))

    previous = Shortfall.read(previous_shortfall)
    if previous is not None and previous.recipe != planned.recipe:
        previous = None
    shortfall, cells = shortfall_of(standing, planned, previous, attribute_sampling, replies)
    tables = quota_tables(cells, shortfall, attribute_sampling.cell_columns)
    return QuotaState(
        {"metrics": quota_metrics(shortfall), "tables": tables, "worst": {}}, shortfall.model_dump(mode="json")
    )


def _raw(completions: Sequence[Completion]) -> tuple[str, ...]:
    texts = (own.raw_text or own.refusal or own.error for own in completions)
    return tuple(replace_surrogates(text)[:_LONGEST_REPLY] for text in texts if text)


def plot_yield(ledger: Ledger) -> Any:
    """The plot of where rows ended, a plotly figure (Kedro reads annotations, and naming plotly's would import it)."""
    return yield_figure(ledger)


def plot_signals(*signals: Signals) -> tuple[Any, ...]:
    """Plots of the results of signals: plotly figures in the order of `SIGNAL_FIGURES`."""
    tables = tables_of(signals)
    return tuple(draw(tables.get(name, ())) for name, draw in SIGNAL_FIGURES.items())


def write_report(
    ledger: Ledger,
    metrics: Metrics,
    concerns: list[Concern],
    examples: pd.DataFrame,
    surplus: pd.DataFrame,
    rejected: pd.DataFrame,
    failed: pd.DataFrame,
    tasks: pd.DataFrame,
    stopped_by: str,
    stops: dict[str, Any],
    llm: LlmParameters,
    *signals: Signals,
) -> str:
    """The report as HTML."""
    worst = {name: rows for part in signals for name, rows in part["worst"].items()}
    return render(
        Report(
            ledger=ledger,
            metrics=metrics,
            concerns=concerns,
            model=llm.model,
            banner=writer_note({llm.model, *examples["model_name"]}),
            stopped_by=stop_sentence(stopped_by, Stops.read(stops)),
            tables=tables_of(signals),
            accepted=sample(examples),
            rejected=sample(rejected),
            failed=sample(failed.merge(tasks[["task_id", "task"]], on="task_id", how="left")),
            worst={name: pointed_at(rows, (examples, surplus, rejected)) for name, rows in worst.items()},
        )
    )
