"""What is wrong with a run, the gravest first: the verdict of the report, and what can end a run in an error."""

from collections.abc import Iterator, Mapping, Sequence

from synthetic_textcat.pipelines.quality_report.concern import Concern
from synthetic_textcat.pipelines.quality_report.concerns_concerns import quota_concerns
from synthetic_textcat.pipelines.quality_report.culprits import Tables
from synthetic_textcat.pipelines.quality_report.ledger import Ledger, good_share, rows_run
from synthetic_textcat.pipelines.quality_report.thresholds import RULES
from synthetic_textcat.schemas.outcomes import TRANSPORT_CAUSES
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.stops import HOW_TO_GO_ON, Stops

PAUSED = "generation.pause_task_after"
"""The parameter of the concerns about paused tasks."""


def assess(
    ledger: Ledger,
    metrics: Mapping[str, float | None],
    settings: QualityReportParameters,
    tables: Tables,
    stops: Stops | None = None,
    unanswered: str = "",
) -> list[Concern]:
    """The concerns: failures before warnings, each by weight. A metric that is null raises none.

    Args:
        ledger: Of the rows that the yield is measured on.
        metrics: By name.
        settings: The thresholds.
        tables: Of the signals, to name culprits by.
        stops: Why the run asked no further.
        unanswered: Why most rows that got no reply got none, in the server's words; empty where all got one.
    """
    stops = stops or Stops()
    found = [
        *_yield_concern(ledger, settings.min_yield, unanswered, outage=stops.outage is not None),
        *_paused_tasks(stops),
        *quota_concerns(metrics, tables),
        *_missed(metrics, settings, tables),
    ]
    return sorted(found, key=lambda concern: (concern["level"] != "fail", -concern["weight"]))


def complaint(concerns: Sequence[Concern]) -> str | None:
    """Why the run is a failure, in one line; None if it is not."""
    failed = [concern for concern in concerns if concern["level"] == "fail"]
    if not failed:
        return None
    reasons = "; ".join(f"{concern['says']} ({concern['parameter']})" for concern in failed)
    return f"{reasons}. All is saved. Next: {failed[0]['then']}; see the report"


def _yield_concern(ledger: Ledger, min_yield: float, unanswered: str, *, outage: bool) -> Iterator[Concern]:
    """Measured on the rows that were run: good / (planned - not_run), after an outage good / those with a reply."""
    share = good_share(ledger, outage=outage)
    if share is None or share >= min_yield:
        return
    run, good = rows_run(ledger, outage=outage), ledger["accepted"] + ledger["surplus"]
    causes = sorted({**ledger["rejected"], **ledger["failed"]}.items(), key=lambda cause: -cause[1])
    then = f"look at the most common causes, {', '.join(f'{name} ({rows:,})' for name, rows in causes[:3])}"
    if causes and causes[0][0] in TRANSPORT_CAUSES:
        then = f"run the same command again when the server answers, or {then}"
    yield Concern(
        level="fail",
        weight=1.0,
        parameter=f"quality_report.min_yield={min_yield}",
        says=f"Only {good:,} of {run:,} rows were accepted" + (f"; {unanswered}" if unanswered and not outage else ""),
        then=then,
        signal=next((name for name, _ in causes if name in ledger["rejected"]), ""),
    )


def _paused_tasks(stops: Stops) -> Iterator[Concern]:
    for task in stops.paused:
        detail = f" ({task.detail})" if task.detail else ""
        yield Concern(
            level="warn",
            weight=1.0,
            parameter=PAUSED,
            says=f"Paused: {task.task} Its first {task.replies} replies were all {task.reason}{detail}; "
            f"{task.not_asked:,} of its rows were not asked for",
            then=HOW_TO_GO_ON,
            signal="",
        )


def _missed(
    metrics: Mapping[str, float | None], settings: QualityReportParameters, tables: Tables
) -> Iterator[Concern]:
    for name, rule in RULES.items():
        value, threshold = metrics.get(rule.metric), getattr(settings.thresholds, name)
        if value is None or not (level := threshold.level(value)):
            continue
        culprit = rule.culprit(tables)
        yield Concern(
            level=level,
            weight=threshold.excess(value),
            parameter=f"quality_report.thresholds.{name}.{level}={getattr(threshold, level)}",
            says=rule.says.format(value) + (f": {culprit}" if culprit else ""),
            then=rule.then,
            signal=rule.signal,
        )
