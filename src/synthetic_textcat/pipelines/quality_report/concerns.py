"""Concerns: metrics beyond their thresholds, the most severe first, with the task, language or value behind each.

To add a concern, add a rule here and its name in `schemas.block`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from synthetic_textcat.pipelines.quality_report.ledger import Ledger, good_share, rows_run
from synthetic_textcat.pipelines.quality_report.signals.labels import ENOUGH
from synthetic_textcat.pipelines.quality_report.signals.rates import MIN_VERIFIABLE_ROWS
from synthetic_textcat.schemas.block import Level
from synthetic_textcat.schemas.outcomes import TOO_LONG, TOO_LONG_ADVICE, TRANSPORT_CAUSES
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.quota import counted
from synthetic_textcat.schemas.stops import HOW_TO_GO_ON, Stops

PAUSED = "generation.pause_task_after"
"""The parameter of the concerns about paused tasks."""

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
_PROMPTS = "the prompts"
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
        *quota_concerns(metrics, tables),
        *_missed(metrics, settings, tables),
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


def _missed(
    metrics: Mapping[str, float | None], settings: QualityReportParameters, tables: Tables
) -> Iterator[Concern]:
    for name, rule in RULES.items():
        value, threshold = metrics.get(rule.metric), getattr(settings.thresholds, name)
        if value is None or not (crossed := threshold.level(value)):
            continue
        level: Level = "warn" if rule.is_of_replies and _is_full(metrics) else crossed
        culprit = rule.culprit(tables)
        yield Concern(
            level=level,
            weight=threshold.excess(value),
            parameter=f"quality_report.thresholds.{name}.{crossed}={getattr(threshold, crossed)}",
            says=rule.says.format(value) + (f": {culprit}" if culprit else ""),
            then=rule.then,
            signal=rule.signal,
        )


def no_culprit(_: Tables) -> str:
    """Default of `Rule.culprit`: names no culprit."""
    return ""


def worst_language(tables: Tables) -> str:
    """Language with the lowest agreement among languages with enough rows."""
    rows = [
        row
        for row in tables.get("language_agreement", ())
        if row["agreement"] is not None and row["agrees"] + row["wrong"] >= MIN_VERIFIABLE_ROWS
    ]
    return min(rows, key=lambda row: row["agreement"])["language"] if rows else ""


def least_even_task(tables: Tables) -> str:
    """Task with the lowest label entropy among tasks with enough rows."""
    rows = [
        row
        for row in tables.get("label_balance", ())
        if row["entropy"] is not None and row["rows"] >= ENOUGH * row["labels"]
    ]
    return min(rows, key=lambda row: row["entropy"])["task"] if rows else ""


def worst_value(tables: Tables) -> str:
    """Attribute value whose share differs most from the planned share: the first row of the table."""
    first = next(iter(tables.get("coverage", ())), None)
    return f"{first['attribute']} {first['value']}" if first else ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Wording of the concern for one threshold.

    Attributes:
        metric: Name of the metric, a share.
        says: Finding, with a placeholder for the metric's value.
        then: Next step for the user.
        signal: Signal whose worst rows to look at; empty for none.
        culprit: Worst task, language or value according to the signals' tables; empty if unknown.
        is_of_replies: Whether it measures lost replies too, as the yield does; with a full quota it only warns.
    """

    metric: str
    says: str
    then: str
    signal: str = ""
    culprit: Callable[[Tables], str] = no_culprit
    is_of_replies: bool = False


RULES: dict[str, Rule] = {
    "parsed": Rule(
        "rate/parsed",
        "{:.1%} of the replies could be parsed; the others were paid for and lost",
        "look at the failure causes; llm.structured_output and llm.max_tokens decide most of them",
        is_of_replies=True,
    ),
    "same_labels": Rule(
        "rate/same_labels",
        "{:.1%} of the candidates repeat their label as the misleading label",
        f"say in {_PROMPTS} that the misleading label must differ from the label",
        "same_labels",
        is_of_replies=True,
    ),
    "leaked": Rule(
        "rate/label_leaked",
        "{:.1%} of the candidates name a label in the text",
        f"say in {_PROMPTS} that the text must not name the label, or choose label names that are not everyday words",
        "label_leaked",
        is_of_replies=True,
    ),
    "exact_duplicates": Rule(
        "rate/exact_duplicate",
        "{:.1%} of the candidates repeat another candidate word for word",
        "ask for more variety: attribute_sampling.extra, seed examples, llm.temperature",
        "exact_duplicate",
        is_of_replies=True,
    ),
    "near_duplicates": Rule(
        "rate/near_duplicate",
        "{:.1%} of the candidates are near duplicates",
        "ask for more variety: attribute_sampling.extra, seed examples, llm.temperature",
        "near_duplicate",
        is_of_replies=True,
    ),
    "language_agreement": Rule(
        "language/agreement",
        "{:.1%} of the verifiable texts are in the requested language",
        "attribute_sampling.language: leave out languages that this model does not write",
        "wrong_language",
        is_of_replies=True,
    ),
    "language_agreement_lowest": Rule(
        "language/agreement_lowest",
        "For one requested language, only {:.1%} of the texts are in that language",
        "attribute_sampling.language: leave this language out, or use another model for it",
        "wrong_language",
        worst_language,
        is_of_replies=True,
    ),
    "length_in_bucket": Rule(
        "length/in_bucket",
        "{:.1%} of the texts have the requested length",
        "attribute_sampling.num_words: lengths that this model keeps",
        "length",
    ),
    "readability_order": Rule(
        "readability/ordered",
        "Texts for higher education are harder to read in only {:.0%} of the languages",
        f"say in {_PROMPTS} more plainly what {{difficulty}} means, or set attribute_sampling.difficulty to one value",
    ),
    "coverage": Rule(
        "coverage/largest",
        "{:.1%} of the accepted rows would have to change for the planned shares",
        "see the table of planned and accepted values for the values that lose rows, and why",
        culprit=worst_value,
    ),
    "label_entropy_lowest": Rule(
        "labels/entropy_lowest",
        "The labels of one task are far from even (entropy {:.2f}; 1 is even)",
        "see which labels lose rows; label weights in the tasks file even them out",
        culprit=least_even_task,
    ),
    "longer_label": Rule(
        "shortcut/longer_side",
        "In at least {:.1%} of the rows the same label of the two is the longer",
        "a model can choose by length: give the labels names of similar length",
    ),
    "length_shortcut": Rule(
        "shortcut/length_gain",
        "Text length alone closes {:.0%} of the gap between chance and perfect classification",
        "request each length with each label: leave attribute_sampling.num_words at its weights",
    ),
    "word_shortcut": Rule(
        "shortcut/word_gain",
        "One word per label closes {:.0%} of the gap between chance and perfect classification",
        f"say in {_PROMPTS} to avoid the words named below, or add attributes that change the subject",
        "shortcuts",
    ),
    "learnability": Rule(
        "learnability/macro_f1",
        "A linear model learns the labels with a macro-F1 of only {:.2f}",
        "the labels may be too similar, or the texts too short: see the tasks with the lowest macro-F1",
    ),
    "label_noise": Rule(
        "label_noise/rate",
        "{:.1%} of the labels look wrong to a model trained on the others",
        "read the rows; a description for each label in the tasks file helps",
        "label_noise",
    ),
}


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
            says=f"{int(metrics['quota/cells_infeasible'] or 0):,} of {cells} of the quota given up, as was "
            f"{', '.join(worst)}{more}; rows lost to {given_up[0]['causes']}",
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
