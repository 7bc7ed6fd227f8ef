"""Nodes of `quality_report`: ledger, metrics, concerns, plots, page; checks and signals have nodes of their own."""

from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.llm.batches.record import BatchRecord
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.journal.lines import are_among, digests_of
from synthetic_textcat.llm.journal.paid_calls import last_places, planned_calls, read_paid_calls, with_later_calls
from synthetic_textcat.llm.journal.plan_positions import PlanPositions
from synthetic_textcat.pipelines.quality_report.concerns import Concern, assess
from synthetic_textcat.pipelines.quality_report.ledger import (
    Ledger,
    count,
    merged,
    most_common_failure,
    row_metrics,
    stopped_by,
    without_paused,
)
from synthetic_textcat.pipelines.quality_report.page.page import (
    Report,
    pointed_at,
    render,
    rows_on_page,
    sample,
    shown_rows,
)
from synthetic_textcat.pipelines.quality_report.page.plots import SIGNAL_FIGURES, yield_figure
from synthetic_textcat.pipelines.quality_report.plan_slices import PlanSlices, yield_metrics
from synthetic_textcat.pipelines.quality_report.quota_shortfall import quota_metrics, quota_tables, shortfall_of
from synthetic_textcat.pipelines.quality_report.quota_standing import standing_of
from synthetic_textcat.pipelines.quality_report.row_ends import NOT_RUN, find_ends, list_rows, paid_by_row, read_ends
from synthetic_textcat.pipelines.quality_report.signals.nodes import Signals, tables_of
from synthetic_textcat.pipelines.quality_report.spending import (
    spending_metrics,
    sum_spending,
    sum_verdict_spending,
    verdict_metrics,
    with_verdicts,
)
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.label_sets import has_multi_label
from synthetic_textcat.schemas.label_verdicts import row_of
from synthetic_textcat.schemas.paid_calls import PLANNED_CALLS
from synthetic_textcat.schemas.parameters import (
    AttributeSamplingParameters,
    GenerationParameters,
    LabelCheckParameters,
    LlmParameters,
    QualityReportParameters,
)
from synthetic_textcat.schemas.prices import PriceList, is_made_up
from synthetic_textcat.schemas.quota import Rounds, Shortfall
from synthetic_textcat.schemas.stops import Stops, stop_sentence
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.schemas.writers import writer_note
from synthetic_textcat.tables import MadeTable, RowTable, in_plan_order
from synthetic_textcat.text.batches import rows_at
from synthetic_textcat.text.unicode import replace_surrogates

_LONGEST_REPLY = 2_000  # characters


def list_outcomes(
    requests: RowTable,
    calls: RowTable,
    paid_calls: RowTable | None,
    journal: Journal,
    examples: RowTable,
    surplus: RowTable,
    rejected: RowTable,
    findings: RowTable,
    failed: RowTable,
    prices: dict[str, Any],
) -> RowTable:
    """The table `outcomes`: outcome, calls, tokens and cost of each planned row; columns `OUTCOMES`, in plan order.

    Of the journal only calls are read that were made after `paid_calls` was written: none in a run that settled rows.

    Raises:
        LedgerError: If a row is planned twice or has two outcomes.
        StaleTableError: If a row is not in the plan, or has completions but no outcome.
    """
    candidates = {"examples": examples, "surplus": surplus, "rejected": rejected}
    ends = find_ends(requests, {**candidates, "failed": failed})
    paid = paid_by_row(planned_calls(paid_calls, journal, requests, calls), len(requests), PriceList.read(prices))
    return list_rows(requests, candidates, findings, ends, paid)


def build_ledger(outcomes: RowTable, calls: RowTable, batch_record: BatchRecord) -> Ledger:
    """Ledger of the run."""
    at_provider = batch_record.under_way()
    return count(read_ends(outcomes), _count_open(outcomes, calls, at_provider) if len(at_provider) else 0)


def _count_open(outcomes: RowTable, calls: RowTable, digests: NDArray[np.bytes_]) -> int:
    """Number of rows without an outcome whose call has one of these fingerprints, which are sorted."""
    rows = 0
    for part in in_plan_order(outcomes, {"calls": calls}, {"requests": ["outcome"], "calls": ["fingerprint"]}):
        found, places = part.subsets["calls"]
        is_open = (part.planned["outcome"] == NOT_RUN).to_numpy()[places - part.start]
        rows += int((are_among(digests_of(found["fingerprint"].tolist()), digests) & is_open).sum())
    return rows


def measure(
    ledger: Ledger,
    outcomes: RowTable,
    requests: RowTable,
    calls: RowTable,
    paid_calls: RowTable | None,
    journal: Journal,
    brainstorm_journal: Journal,
    verdict_journal: Journal,
    verdict_calls: RowTable | None,
    unjudged: RowTable,
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
    slices, price_list = PlanSlices.of(outcomes), PriceList.read(prices)
    lines = (planned_calls(paid_calls, journal, requests, calls), _unplanned(brainstorm_journal))
    spent = sum_spending(lines, slices, price_list, run_id, llm.model, made_up=rehearses)
    asked = _verdict_lines(verdict_journal, requests, calls)
    verdicts = sum_verdict_spending(asked, verdict_calls, price_list, run_id, judge)
    spent = with_verdicts(spent, verdicts[rehearses])
    return merged(
        row_metrics(ledger),
        yield_metrics(slices, read_ends(outcomes)),
        spending_metrics(spent, ledger["accepted"]),
        verdict_metrics(verdicts[is_made_up(judge)]),
        {"label/unjudged": len(unjudged)} if verdict_calls is not None and len(verdict_calls) else {},
        {"cost/made_up": float(rehearses and price_list.price(llm.model) is not None)},
        *(part["metrics"] for part in signals),
    )


def _unplanned(journal: Journal) -> RowTable:
    """Paid calls for no planned row, in the form of `planned_calls`."""
    lines = read_paid_calls(journal)
    return MadeTable(
        lambda: (part.assign(position=-1, is_configuration=False) for part in lines.frames()), PLANNED_CALLS
    )


def _verdict_lines(journal: Journal, requests: RowTable, calls: RowTable) -> RowTable:
    """Paid calls of the judge, with the position of the row that each is about."""
    lines, plan = read_paid_calls(journal), cache(partial(PlanPositions, requests, calls))

    def make() -> Iterator[pd.DataFrame]:
        for part in lines.frames():
            if len(part):  # else the plan is not read
                positions = plan().of_ids(list(map(row_of, part["request_id"])))
                yield part.assign(position=positions, is_configuration=False)

    return MadeTable(make, PLANNED_CALLS)


def name_stop(metrics: Metrics, generation: GenerationParameters, stops: dict[str, Any]) -> str:
    """Stop reason of this run for MLflow's tag `stopped_by`; empty if it ran to the end."""
    return stopped_by(Stops.read(stops), metrics, generation)


def name_answering_model(metrics: Metrics, stops: dict[str, Any]) -> str:  # noqa: ARG001 (made after the calls)
    """Other models than the requested one that answered in this run, for MLflow's tag; empty if there is none."""
    return ", ".join(Stops.read(stops).answered_as)


def assess_run(
    ledger: Ledger,
    metrics: Metrics,
    outcomes: RowTable,
    failed: RowTable,
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
    requests: RowTable,
    outcomes: RowTable,
    calls: RowTable,
    paid_calls: RowTable | None,
    journal: Journal,
    rounds: dict[str, Any],
    quota_slots: pd.DataFrame,
    tasks: pd.DataFrame,
    previous_shortfall: dict[str, Any] | None,
    attribute_sampling: AttributeSamplingParameters,
    stops: dict[str, Any],
) -> QuotaState:
    """Progress of each quota cell, and the shortfall that the next pass has to fill; both empty without a quota.

    Args:
        requests: The plan.
        outcomes: Where its rows ended.
        calls: Fingerprint of the call of each row.
        paid_calls: Place of each reply in the journal.
        journal: Replies; the report quotes some where values were given up, and only these are read.
        rounds: Rounds of the plan.
        quota_slots: Accepted rows that the quota asks for.
        tasks: Tasks of the plan; of those with several labels a text, the label sets that may stand in for others.
        previous_shortfall: Shortfall of the previous pass.
        attribute_sampling: Target, columns of a cell, maximum of rounds.
        stops: Stop reasons, with the paused tasks, for which no pass adds rows.
    """
    planned = Rounds.read(rounds)
    if planned is None or attribute_sampling.target_accepted is None:
        return QuotaState({"metrics": {}, "tables": {}, "worst": {}}, {})
    paused = {task.task_id for task in Stops.read(stops).paused}
    standing = standing_of(requests, quota_slots, planned, read_ends(outcomes), paused)

    def replies(wanted: Sequence[Sequence[int]]) -> list[tuple[str, ...]]:
        positions = np.unique([position for own in wanted for position in own])
        asked = rows_at(calls, positions, ["fingerprint"])["fingerprint"].tolist()
        fingerprints = dict(zip(positions.tolist(), asked, strict=True))
        found = journal.at(last_places(with_later_calls(paid_calls, journal), asked))
        texts = {completion.fingerprint: _raw([completion]) for completion in found}
        return [tuple(text for at in own for text in texts.get(fingerprints[at], ())) for own in wanted]

    previous = Shortfall.read(previous_shortfall)
    if previous is not None and previous.recipe != planned.recipe:
        previous = None
    several = tasks_of(tasks) if has_multi_label(tasks) else []
    shortfall, cells = shortfall_of(standing, planned, previous, several, attribute_sampling, replies)
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
    examples: RowTable,
    surplus: RowTable,
    rejected: RowTable,
    failed: RowTable,
    tasks: pd.DataFrame,
    stopped_by: str,
    stops: dict[str, Any],
    llm: LlmParameters,
    *signals: Signals,
) -> str:
    """The report as HTML."""
    worst = {name: rows for part in signals for name, rows in part["worst"].items()}
    writers = {name for frame in examples.frames(["model_name"]) for name in frame["model_name"].dropna().unique()}
    sentences = tasks[["task_id", "task"]]
    accepted, beyond_quota, refused = (rows_on_page(table, worst) for table in (examples, surplus, rejected))
    return render(
        Report(
            ledger=ledger,
            metrics=metrics,
            concerns=concerns,
            model=llm.model,
            banner=writer_note({llm.model, *writers}),
            stopped_by=stop_sentence(stopped_by, Stops.read(stops)),
            tables=tables_of(signals),
            accepted=shown_rows(sample(accepted)),
            rejected=shown_rows(sample(refused)),
            failed=shown_rows(sample(failed).merge(sentences, on="task_id", how="left")),
            worst=pointed_at(worst, (accepted, beyond_quota, refused)),
        )
    )
