"""Nodes of `quality_report`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.pipelines.quality_report.caps import reached_cap
from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, Known, known_of
from synthetic_textcat.pipelines.quality_report.checks.verdicts import judge
from synthetic_textcat.pipelines.quality_report.concerns import Concern, assess
from synthetic_textcat.pipelines.quality_report.ledger import Ledger, count
from synthetic_textcat.pipelines.quality_report.metrics import (
    Metrics,
    merged,
    row_metrics,
    yield_metrics,
)
from synthetic_textcat.pipelines.quality_report.outcomes import Ends, outcome_rows
from synthetic_textcat.pipelines.quality_report.page.page import Report, render
from synthetic_textcat.pipelines.quality_report.page.plots import SIGNAL_FIGURES, yield_figure
from synthetic_textcat.pipelines.quality_report.page.shown_rows import pointed_at, sample
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.earlier import memory_of
from synthetic_textcat.pipelines.quality_report.signals.measured import together
from synthetic_textcat.pipelines.quality_report.signals.registry import DIVERSITY, FIDELITY, LABELS, Signal
from synthetic_textcat.pipelines.quality_report.spending import add_up, spending_metrics
from synthetic_textcat.schemas.offline_banner import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters, QualityReportParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.rows import (
    EXAMPLES,
    FINDINGS,
    OUTCOMES,
    REJECTED,
    fingerprints_of,
    own_of,
    records_of,
    to_frame,
    with_own,
)
from synthetic_textcat.schemas.tasks import tasks_of

Signals = dict[str, Any]
"""What a group of signals came to, as JSON keeps it: `metrics`, `tables` and `worst`, as in `Measured`."""


class CheckedRows(NamedTuple):
    """Every candidate, in one of two tables; and what else was found of it."""

    examples: pd.DataFrame
    rejected: pd.DataFrame
    findings: pd.DataFrame


def check_candidates(
    candidates: pd.DataFrame, requests: pd.DataFrame, tasks: pd.DataFrame, settings: QualityReportParameters
) -> CheckedRows:
    """`examples` and `rejected`, each in plan order; a rejected row bears its first reason and the words for it."""
    by_id = {task.task_id: known_of(task) for task in tasks_of(tasks)}
    own = own_of(requests)
    planned = {row["request_id"]: row["label"] for row in records_of(requests[["request_id", "label"]])}
    rows = list(records_of(candidates))
    verdicts = judge([_candidate(row, planned.get(row["request_id"]), by_id) for row in rows], settings)
    judged = list(zip(rows, verdicts, strict=True))
    return CheckedRows(
        to_frame((row for row, verdict in judged if verdict is None), with_own(EXAMPLES, own)),
        to_frame(
            ({**row, "reject_reason": x.reason, "detail": x.detail} for row, x in judged if x is not None),
            with_own(REJECTED, own),
        ),
        to_frame(((row["request_id"], "", None) for row in rows), FINDINGS),
    )


def build_ledger(
    requests: pd.DataFrame, examples: pd.DataFrame, rejected: pd.DataFrame, failed: pd.DataFrame
) -> Ledger:
    """The ledger.

    Raises:
        LedgerError: If it does not add up.
    """
    return count(
        requests["request_id"],
        examples["request_id"],
        dict(zip(rejected["request_id"], rejected["reject_reason"], strict=True)),
        dict(zip(failed["request_id"], failed["failure_cause"], strict=True)),
    )


def list_outcomes(
    requests: pd.DataFrame,
    calls: pd.DataFrame,
    journal: Journal,
    examples: pd.DataFrame,
    rejected: pd.DataFrame,
    failed: pd.DataFrame,
    prices: dict[str, Any],
) -> pd.DataFrame:
    """One row a planned row: its end, calls, tokens and cost; columns `OUTCOMES`, in plan order."""
    ends = Ends(*({row["request_id"]: row for row in records_of(frame)} for frame in (examples, rejected, failed)))
    own = journal.completions(fingerprints_of(requests, calls))
    return to_frame(outcome_rows(requests["request_id"], own, ends, PriceList.read(prices)), OUTCOMES)


def gather_corpus(
    examples: pd.DataFrame,
    rejected: pd.DataFrame,
    requests: pd.DataFrame,
    findings: pd.DataFrame,
    tasks: pd.DataFrame,
    ledger: Ledger,
    settings: QualityReportParameters,
    seed: int,
) -> Corpus:
    """What signals are measured on."""
    by_id = {task.task_id: task for task in tasks_of(tasks)}
    return Corpus(examples, requests, findings, by_id, settings, seed, rejected, ledger)


def measure_fidelity(corpus: Corpus) -> Signals:
    """Whether rows are what was asked for."""
    return _signals(FIDELITY, corpus)


def measure_labels(corpus: Corpus) -> Signals:
    """Whether labels can be learnt, and only by reading."""
    return _signals(LABELS, corpus)


def measure_diversity(
    corpus: Corpus, reference_texts: Sequence[str] | None, previous_diversity: dict[str, Any] | None
) -> Signals:
    """Whether rows differ from one another, beside the last run and real texts; and what the next run compares with."""
    compared = replace(corpus, reference_texts=reference_texts, last_diversity=previous_diversity)
    return {**_signals(DIVERSITY, compared), **memory_of(compared.sample, previous_diversity)}


def measure(
    ledger: Ledger,
    requests: pd.DataFrame,
    examples: pd.DataFrame,
    journal: Journal,
    brainstorm_journal: Journal,
    prices: dict[str, Any],
    llm: LlmParameters,
    run_id: str,
    *signals: Signals,
) -> Metrics:
    """All metrics, by name; what templates wrote in a rehearsal is no part of what a real model's data cost."""
    rehearsed = set() if llm.model == OFFLINE_MODEL else {OFFLINE_MODEL}
    lines = (line for line in chain(journal, brainstorm_journal) if line.model_name not in rehearsed)
    spent = add_up(lines, requests, PriceList.read(prices), run_id)
    return merged(
        row_metrics(ledger),
        yield_metrics(requests, examples["request_id"]),
        spending_metrics(spent, ledger["accepted"]),
        *(part["metrics"] for part in signals),
    )


def name_cap(metrics: Metrics, generation: GenerationParameters) -> str:
    """The parameter that stopped this run before its end, empty if none did: MLflow's tag `stopped_by`."""
    return reached_cap(metrics, generation)


def plot_yield(ledger: Ledger) -> Any:
    """The plot of where rows ended, a plotly figure (Kedro reads annotations, and naming plotly's would import it)."""
    return yield_figure(ledger)


def plot_signals(*signals: Signals) -> tuple[Any, ...]:
    """The plots of what signals came to, plotly figures in the order of `SIGNAL_FIGURES`."""
    tables = _tables(signals)
    return tuple(draw(tables.get(name, ())) for name, draw in SIGNAL_FIGURES.items())


def assess_run(ledger: Ledger, metrics: Metrics, settings: QualityReportParameters) -> list[Concern]:
    """What is wrong, the gravest first."""
    return assess(ledger, metrics, settings)


def write_report(
    ledger: Ledger,
    metrics: Metrics,
    concerns: list[Concern],
    examples: pd.DataFrame,
    rejected: pd.DataFrame,
    failed: pd.DataFrame,
    stopped_by: str,
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
            stopped_by=stopped_by,
            tables=_tables(signals),
            accepted=sample(examples),
            rejected=sample(rejected),
            failed=sample(failed),
            worst={name: pointed_at(rows, (examples, rejected)) for name, rows in worst.items()},
        )
    )


def _tables(signals: Sequence[Signals]) -> dict[str, Sequence[Mapping[str, Any]]]:
    return {name: rows for part in signals for name, rows in part["tables"].items()}


def _signals(signals: Iterable[Signal], corpus: Corpus) -> Signals:
    return together(signal(corpus) for signal in signals)._asdict()


def _candidate(row: dict[str, Any], planned_label: str | None, by_id: dict[str, Known]) -> Candidate:
    return Candidate(
        request_id=row["request_id"],
        input_text=row["input_text"],
        label=row["label"],
        misleading_label=row["misleading_label"],
        planned_label=planned_label,
        known=_known_of(row["task_id"], by_id),
        language=row["language"],
    )


def _known_of(task_id: str, by_id: dict[str, Known]) -> Known:
    try:
        return by_id[task_id]
    except KeyError:
        raise StaleTableError(
            f"Task {task_id} of the candidates is not in data/02_intermediate/tasks.parquet, which is newer. "
            "Next: run `kedro run --pipelines generate`"
        ) from None
