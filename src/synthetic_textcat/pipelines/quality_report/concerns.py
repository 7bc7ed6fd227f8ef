"""Concerns: metrics beyond their thresholds, the most severe first, with the task, language or value behind each.

To add a threshold, add its field in `schemas.block` and its rule in `threshold_rules`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

from synthetic_textcat.pipelines.quality_report.ledger import (
    Ledger,
    good_share,
    rows_run,
)
from synthetic_textcat.pipelines.quality_report.threshold_rules import RULES, Measured, Tables
from synthetic_textcat.schemas.block import Level, Most
from synthetic_textcat.schemas.outcomes import TOO_LONG, TOO_LONG_ADVICE, TRANSPORT_CAUSES
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.quota import counted
from synthetic_textcat.schemas.stops import HOW_TO_GO_ON, Stops
from synthetic_textcat.schemas.writers import judge_note
from synthetic_textcat.text.intervals import CONFIDENCE, wilson_interval

PAUSED = "generation.pause_task_after"
"""The parameter of the concerns about paused tasks."""

_MOST_NAMED = 3
_WEIGHT = 0.9  # an unmet quota comes before all other warnings


class Concern(TypedDict):
    """Concern about the run: a metric beyond its threshold, with the next step.

    Attributes:
        level: `fail` ends the run in an error, after everything is saved.
        weight: 0 to 1, distance beyond the threshold relative to the worst possible value; 1 for the yield, which comes
            first.
        parameter: Parameter of the threshold.
        says: Finding, as a sentence.
        then: Next step for the user.
        signal: Signal whose worst rows to look at; empty for none.
    """

    level: Level
    weight: float
    parameter: str
    says: str
    then: str
    signal: str


def assess(
    ledger: Ledger,
    metrics: Mapping[str, float | None],
    settings: QualityReportParameters,
    tables: Tables,
    stops: Stops | None = None,
    unanswered: str = "",
) -> list[Concern]:
    """Concerns of the run: failures before warnings, each by weight. A null metric raises none.

    Args:
        ledger: Ledger of the rows that the yield is measured on.
        metrics: By name.
        settings: The thresholds.
        tables: Tables of the signals, to name culprits.
        stops: Stop reasons of the run.
        unanswered: Most common cause of missing replies, in the server's words; empty if every row got a reply.
    """
    stops = stops or Stops()
    found = [
        *_yield_concern(
            ledger, settings.min_yield, unanswered, outage=stops.outage is not None, is_full=_is_full(metrics)
        ),
        *_paused_tasks(stops),
        *_other_models(stops),
        *_own_judge(metrics, tables),
        *quota_concerns(metrics, tables),
        *_missed(Measured(ledger, metrics, tables), settings),
    ]
    return sorted(found, key=lambda concern: (concern["level"] != "fail", -concern["weight"]))


def complaint(concerns: Sequence[Concern]) -> str | None:
    """Failures of the run in one line; None if there are none."""
    failed = [concern for concern in concerns if concern["level"] == "fail"]
    if not failed:
        return None
    reasons = "; ".join(f"{concern['says']} ({concern['parameter']})" for concern in failed)
    return f"{reasons}. Everything is saved. Next: {failed[0]['then']}; see the report"


def _is_full(metrics: Mapping[str, float | None]) -> bool:
    """Whether a quota has all its rows: then the run did what it was asked to do, at whatever yield."""
    return metrics.get("quota/missing") == 0


def _yield_concern(
    ledger: Ledger, min_yield: float, unanswered: str, *, outage: bool, is_full: bool
) -> Iterator[Concern]:
    """Concern about the yield: good / (planned - not_run), or after an outage good / rows with a reply.

    It fails the run, but only warns where a quota is full.
    """
    share = good_share(ledger, outage=outage)
    if share is None or share >= min_yield:
        return
    run, good = rows_run(ledger, outage=outage), ledger["accepted"] + ledger["surplus"]
    causes = sorted({**ledger["rejected"], **ledger["failed"]}.items(), key=lambda cause: -cause[1])
    then = f"look at the most common causes, {', '.join(f'{name} ({rows:,})' for name, rows in causes[:3])}"
    if causes and causes[0][0] in TRANSPORT_CAUSES:
        then = f"run the same command again when the server answers, or {then}"
    elif causes and causes[0][0] == TOO_LONG:
        then = f"{TOO_LONG_ADVICE}; or {then}"
    yield Concern(
        level="warn" if is_full else "fail",
        weight=1.0,
        parameter=f"quality_report.min_yield={min_yield}",
        says=f"Only {good:,} of {run:,} rows were accepted" + (f"; {unanswered}" if unanswered and not outage else ""),
        then=then,
        signal=next((name for name, _ in causes if name in ledger["rejected"]), ""),
    )


def _other_models(stops: Stops) -> Iterator[Concern]:
    """Concern that the server answers as another model than the requested one."""
    if stops.answered_as:
        yield Concern(
            level="warn",
            weight=_WEIGHT,
            parameter="llm.model",
            says=f"The server answers as {', '.join(stops.answered_as)}, and llm.model is {stops.requested_model}",
            then="set llm.model to that name if it is the model that you want, or start the server with the other one",
            signal="",
        )


def _own_judge(metrics: Mapping[str, float | None], tables: Tables) -> Iterator[Concern]:
    """Concern that rows were judged by the model that wrote them, so that agreement is too high, or by templates."""
    own, judged = (int(metrics.get(f"label/{name}") or 0) for name in ("judged_by_writer", "judged"))
    judge = next((line["judge"] for line in tables.get("agreement", ())), "")
    note = judge_note(judge.split(", "))
    said = (
        f"The judge ({judge}) wrote {own:,} of {counted(judged, 'judged row')} itself, and a model agrees with itself"
    )
    if own or note:
        yield Concern(
            level="warn",
            weight=_WEIGHT,
            parameter="label_check.llm",
            says=note.rstrip(".") if note else said,
            then="name a model of another make in label_check.llm, or label a sample by hand (docs/label_check.md)",
            signal="",
        )


def _paused_tasks(stops: Stops) -> Iterator[Concern]:
    for task in stops.paused:
        detail = f" ({task.detail})" if task.detail else ""
        yield Concern(
            level="warn",
            weight=1.0,
            parameter=PAUSED,
            says=f"Paused: {task.task} Its first {task.replies} replies were all {task.reason}{detail}; "
            f"{task.not_asked:,} of its rows were not requested",
            then=HOW_TO_GO_ON,
            signal="",
        )


def _missed(run: Measured, settings: QualityReportParameters) -> Iterator[Concern]:
    for name, rule in RULES.items():
        value, threshold = run.metrics.get(rule.metric), getattr(settings.thresholds, name)
        if value is None or not (crossed := threshold.level(value)):
            continue
        culprit = rule.culprit(run.tables)
        doubt = _too_few(value, rule.rows_of(run), threshold) if rule.rows_of and crossed == "fail" else ""
        level: Level = "warn" if doubt or (rule.is_of_replies and _is_full(run.metrics)) else crossed
        yield Concern(
            level=level,
            weight=threshold.excess(value),
            parameter=f"quality_report.thresholds.{name}.{crossed}={getattr(threshold, crossed)}",
            says=rule.says.format(value) + (f": {culprit}" if culprit else "") + doubt,
            then=rule.then,
            signal=rule.signal,
        )


def _too_few(share: float, rows: int, threshold: Most) -> str:
    """The remark that the rows are too few to fail the run, as the interval does not lie beyond the threshold; or ''.

    A share of a few rows says little: of eight rows that leak in 2 % of all cases, one leaks in every seventh run.
    """
    low, high = wilson_interval(share, rows) if rows else (0.0, 1.0)
    if threshold.level(high if threshold.is_least else low) == "fail":
        return ""
    return f" ({counted(rows, 'row')}: not enough rows to judge; {CONFIDENCE:.0%} interval {low:.1%} to {high:.1%})"


def quota_concerns(metrics: Mapping[str, float | None], tables: Tables) -> Iterator[Concern]:
    """Concerns about values and cells that were given up and rows missing in the others; none without a quota."""
    if given_up := tables.get("quota_given_up", ()):
        worst = [f"{own['values']} ({own['accepted']:,} of {own['wanted']:,} rows)" for own in given_up[:_MOST_NAMED]]
        more = f" and {len(given_up) - _MOST_NAMED:,} more" if len(given_up) > _MOST_NAMED else ""
        cells = counted(int(metrics["quota/cells"] or 0), "cell")
        yield Concern(
            level="warn",
            weight=_WEIGHT,
            parameter="attribute_sampling.target_accepted",
            says=f"Given up by the quota: {', '.join(worst)}{more}; {int(metrics['quota/cells_infeasible'] or 0):,} of "
            f"{cells} lack only such rows. Most were lost to {given_up[0]['causes']}",
            then="read their replies in the dataset 'shortfall'; fix the prompt, or leave the value or cell out",
            signal="",
        )
    short = [line for line in tables.get("quota", ()) if line["state"] == "short"]
    if short:
        missing = sum(line["missing"] for line in short)
        yield Concern(
            level="warn",
            weight=_WEIGHT,
            parameter="attribute_sampling.max_rounds",
            says=f"{counted(missing, 'row')} missing in {counted(len(short), 'cell')} of the quota",
            then="run the same command again, with a higher cap or more rounds if one of these ended it",
            signal="",
        )
