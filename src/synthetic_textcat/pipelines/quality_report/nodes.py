"""Nodes that decide and add up; those that measure stand in `signals`, those that show in `page`."""

from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.pipelines.quality_report.caps import stopped_by
from synthetic_textcat.pipelines.quality_report.checks.row_checks import known_of
from synthetic_textcat.pipelines.quality_report.checks.tables import candidate_rows, findings_of
from synthetic_textcat.pipelines.quality_report.checks.verdicts import judge
from synthetic_textcat.pipelines.quality_report.concern import Concern
from synthetic_textcat.pipelines.quality_report.concerns import assess
from synthetic_textcat.pipelines.quality_report.ledger import Ledger, count
from synthetic_textcat.pipelines.quality_report.metrics import Metrics, merged, row_metrics, yield_metrics
from synthetic_textcat.pipelines.quality_report.outcomes import PLANNED, ends_of, outcome_rows
from synthetic_textcat.pipelines.quality_report.paused_shares import without_paused
from synthetic_textcat.pipelines.quality_report.signals.nodes import Signals, tables_of
from synthetic_textcat.pipelines.quality_report.spending import add_up, spending_metrics
from synthetic_textcat.pipelines.quality_report.surplus import beyond_target
from synthetic_textcat.pipelines.quality_report.unanswered import commonest_reason
from synthetic_textcat.schemas.offline_banner import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import (
    AttributeSamplingParameters,
    GenerationParameters,
    LlmParameters,
    QualityReportParameters,
)
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.rows import EXAMPLES, REJECTED, fingerprints_of, own_of, plain, with_columns, with_own
from synthetic_textcat.schemas.stops import Stops
from synthetic_textcat.schemas.tasks import tasks_of


class CheckedRows(NamedTuple):
    """Every candidate, in one of three tables; and what else was found of it."""

    examples: pd.DataFrame
    surplus: pd.DataFrame
    rejected: pd.DataFrame
    findings: pd.DataFrame


def check_candidates(
    candidates: pd.DataFrame,
    requests: pd.DataFrame,
    tasks: pd.DataFrame,
    settings: QualityReportParameters,
    attribute_sampling: AttributeSamplingParameters,
) -> CheckedRows:
    """`examples` and `rejected`, each in plan order; a rejected row bears its first reason and the words for it.

    `surplus` has the good rows that are more than a quota asked for in their cell.

    `findings` has every candidate: the reasons that `settings.flag_only` has noted of it, and the verdict on its
    language.
    """
    by_id = {task.task_id: known_of(task) for task in tasks_of(tasks)}
    judgements = judge(candidate_rows(candidates, requests, by_id), settings, len(candidates))
    own = own_of(requests)
    stands = np.array([judgement.verdict is None for judgement in judgements], bool)
    is_surplus = beyond_target(stands, requests, candidates, attribute_sampling)
    verdicts = [judgement.verdict for judgement in judgements if judgement.verdict is not None]
    rejected = candidates[~stands].assign(
        reject_reason=[verdict.reason for verdict in verdicts], detail=[verdict.detail for verdict in verdicts]
    )
    return CheckedRows(
        with_columns(candidates[stands & ~is_surplus], with_own(EXAMPLES, own)),
        with_columns(candidates[is_surplus], with_own(EXAMPLES, own)),
        with_columns(rejected, with_own(REJECTED, own)),
        findings_of(candidates["request_id"], judgements),
    )


def build_ledger(
    requests: pd.DataFrame, examples: pd.DataFrame, surplus: pd.DataFrame, rejected: pd.DataFrame, failed: pd.DataFrame
) -> Ledger:
    """The ledger.

    Raises:
        LedgerError: If it does not add up.
    """
    return count(
        plain(requests["request_id"]),
        plain(examples["request_id"]),
        dict(zip(plain(rejected["request_id"]), plain(rejected["reject_reason"]), strict=True)),
        dict(zip(plain(failed["request_id"]), plain(failed["failure_cause"]), strict=True)),
        plain(surplus["request_id"]),
    )


def list_outcomes(
    requests: pd.DataFrame,
    calls: pd.DataFrame,
    journal: Journal,
    examples: pd.DataFrame,
    surplus: pd.DataFrame,
    rejected: pd.DataFrame,
    findings: pd.DataFrame,
    failed: pd.DataFrame,
    prices: dict[str, Any],
) -> pd.DataFrame:
    """One row a planned row: its end, calls, tokens and cost; columns `OUTCOMES`, in plan order."""
    own = journal.completions(fingerprints_of(requests, calls))
    planned = requests[["request_id", "task_id", "language"]].merge(findings, on="request_id", how="left")
    return outcome_rows(planned[PLANNED], own, ends_of(examples, surplus, rejected, failed), PriceList.read(prices))


def measure(
    ledger: Ledger,
    requests: pd.DataFrame,
    examples: pd.DataFrame,
    surplus: pd.DataFrame,
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
    spent = add_up(lines, requests, PriceList.read(prices), run_id, llm.model)
    return merged(
        row_metrics(ledger),
        yield_metrics(requests, pd.concat([examples["request_id"], surplus["request_id"]])),
        spending_metrics(spent, ledger["accepted"]),
        *(part["metrics"] for part in signals),
    )


def name_stop(metrics: Metrics, generation: GenerationParameters, stops: dict[str, Any]) -> str:
    """What stopped this run before its end, empty if nothing did: MLflow's tag `stopped_by`."""
    return stopped_by(Stops.read(stops), metrics, generation)


def assess_run(
    ledger: Ledger,
    metrics: Metrics,
    outcomes: pd.DataFrame,
    failed: pd.DataFrame,
    settings: QualityReportParameters,
    stops: dict[str, Any],
    *signals: Signals,
) -> list[Concern]:
    """What is wrong, the gravest first."""
    why = Stops.read(stops)
    shares = without_paused(metrics, outcomes, why.paused)
    return assess(ledger, shares, settings, tables_of(signals), why, commonest_reason(failed))
