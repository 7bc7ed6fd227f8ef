"""Concerns: metrics beyond their thresholds, the gravest first, with the task, language or value behind each.

To add one: a rule here, and its name in `schemas.block`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from synthetic_textcat.pipelines.quality_report.ledger import Ledger, good_share, rows_run
from synthetic_textcat.pipelines.quality_report.signals.labels import ENOUGH
from synthetic_textcat.pipelines.quality_report.signals.rates import MIN_VERIFIABLE_ROWS
from synthetic_textcat.schemas.block import Level
from synthetic_textcat.schemas.outcomes import HOW_TO_GO_ON, TRANSPORT_CAUSES, Stops
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.quota import counted

PAUSED = "generation.pause_task_after"
"""The parameter of the concerns about paused tasks."""

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
_PROMPTS = "the prompts"
_WEIGHT = 0.9  # a quota that is not met comes before all other warnings


class Concern(TypedDict):
    """One thing that is wrong.

    Attributes:
        level: `fail` ends the run in an error, after everything is saved.
        weight: 0 to 1, how far beyond its threshold, of the way to the worst there is; 1 for the yield: it comes first.
        parameter: What sets its threshold.
        says: What is the case.
        then: What to do about it.
        signal: Whose rows to look at; empty for none.
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


def no_culprit(_: Tables) -> str:
    """No one in particular."""
    return ""


def worst_language(tables: Tables) -> str:
    """The language with the lowest agreement, of those with rows enough."""
    rows = [
        row
        for row in tables.get("language_agreement", ())
        if row["agreement"] is not None and row["agrees"] + row["wrong"] >= MIN_VERIFIABLE_ROWS
    ]
    return min(rows, key=lambda row: row["agreement"])["language"] if rows else ""


def least_even_task(tables: Tables) -> str:
    """The task with the lowest entropy of its labels, of those with rows enough."""
    rows = [
        row
        for row in tables.get("label_balance", ())
        if row["entropy"] is not None and row["rows"] >= ENOUGH * row["labels"]
    ]
    return min(rows, key=lambda row: row["entropy"])["task"] if rows else ""


def worst_value(tables: Tables) -> str:
    """The value whose share differs most from the planned one; the table begins with it."""
    first = next(iter(tables.get("coverage", ())), None)
    return f"{first['attribute']} {first['value']}" if first else ""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one threshold is told.

    Attributes:
        metric: By name, a share.
        says: What is the case, with a place for the metric's value.
        then: What a user can do.
        signal: Whose rows to look at; empty for none.
        culprit: Names the worst task, language or value by the tables of the signals; empty where they don't know.
    """

    metric: str
    says: str
    then: str
    signal: str = ""
    culprit: Callable[[Tables], str] = no_culprit


RULES: dict[str, Rule] = {
    "parsed": Rule(
        "rate/parsed",
        "{:.1%} of the replies are rows; the others were paid for and lost",
        "look at the failure causes; llm.structured_output and llm.max_tokens decide most of them",
    ),
    "same_labels": Rule(
        "rate/same_labels",
        "{:.1%} of the candidates have their label as misleading label",
        f"say in {_PROMPTS} that the misleading label must be another one",
        "same_labels",
    ),
    "leaked": Rule(
        "rate/label_leaked",
        "{:.1%} of the candidates name a label in the text",
        f"say in {_PROMPTS} that the text may not name it, or choose label names that are no everyday words",
        "label_leaked",
    ),
    "exact_duplicates": Rule(
        "rate/exact_duplicate",
        "{:.1%} of the candidates repeat another one word for word",
        "ask for more variety: attribute_sampling.extra, seed examples, llm.temperature",
        "exact_duplicate",
    ),
    "near_duplicates": Rule(
        "rate/near_duplicate",
        "{:.1%} of the candidates are nearly another one",
        "ask for more variety: attribute_sampling.extra, seed examples, llm.temperature",
        "near_duplicate",
    ),
    "language_agreement": Rule(
        "language/agreement",
        "{:.1%} of the texts that can be told are in the language that was asked for",
        "attribute_sampling.language: leave out what this model does not write",
        "wrong_language",
    ),
    "language_agreement_lowest": Rule(
        "language/agreement_lowest",
        "In one language only {:.1%} of the texts are in it",
        "attribute_sampling.language: leave it out, or use another model for it",
        "wrong_language",
        worst_language,
    ),
    "length_in_bucket": Rule(
        "length/in_bucket",
        "{:.1%} of the texts have the length that was asked for",
        "attribute_sampling.num_words: lengths that this model keeps",
        "length",
    ),
    "readability_order": Rule(
        "readability/ordered",
        "In {:.0%} of the languages do texts for higher education read harder",
        f"say in {_PROMPTS} more plainly what {{difficulty}} means, or set attribute_sampling.difficulty to one value",
    ),
    "coverage": Rule(
        "coverage/largest",
        "{:.1%} of the accepted rows would have to be others for the shares that were planned",
        "see in the table of what was planned and obtained which values lose rows, and why",
        culprit=worst_value,
    ),
    "label_entropy_lowest": Rule(
        "labels/entropy_lowest",
        "The labels of one task are far from even (entropy {:.2f}; 1 is even)",
        "see which labels lose rows; a weight for a label in the tasks file evens them out",
        culprit=least_even_task,
    ),
    "longer_label": Rule(
        "shortcut/longer_side",
        "In at least {:.1%} of the rows the same one of the two labels is the longer",
        "a model can choose by length: give the labels names of like length",
    ),
    "length_shortcut": Rule(
        "shortcut/length_gain",
        "The length of a text alone goes {:.0%} of the way from chance to its label",
        "ask for each length with each label: leave attribute_sampling.num_words to its odds",
    ),
    "word_shortcut": Rule(
        "shortcut/word_gain",
        "One word a label goes {:.0%} of the way from chance to the label",
        f"say in {_PROMPTS} to avoid the words named below, or add attributes that change the subject",
        "shortcuts",
    ),
    "learnability": Rule(
        "learnability/macro_f1",
        "A linear model learns the labels with a macro-F1 of only {:.2f}",
        "the labels may be too alike, or the texts too short: see the tasks with the lowest macro-F1",
    ),
    "label_noise": Rule(
        "label_noise/rate",
        "{:.1%} of the labels look wrong to a model trained on the others",
        "read the rows; a description for each label in the tasks file helps",
        "label_noise",
    ),
}


def quota_concerns(metrics: Mapping[str, float | None], tables: Tables) -> Iterator[Concern]:
    """Cells that were given up, and rows that are missing in the others; none without a quota."""
    given_up = [line for line in tables.get("quota", ()) if line["state"] == "given up"]
    if cells := int(metrics.get("quota/cells_infeasible") or 0):
        worst = f": {given_up[0]['cell']} lost its rows to {given_up[0]['causes']}" if given_up else ""
        yield Concern(
            level="warn",
            weight=_WEIGHT,
            parameter="attribute_sampling.target_accepted",
            says=f"{cells:,} of {counted(int(metrics['quota/cells'] or 0), 'cell')} of the quota given up{worst}",
            then="read their replies in the dataset 'shortfall'; mend the prompt, or leave the cell out",
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
