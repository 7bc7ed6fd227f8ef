"""Rules of the thresholds: metric, wording as a concern, culprit, and the rows that the metric is a share of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synthetic_textcat.pipelines.quality_report.ledger import (
    ANSWERED,
    CANDIDATES,
    Ledger,
    answered_in,
    candidates_in,
)
from synthetic_textcat.pipelines.quality_report.signals.attribute_fidelity import rises_with_difficulty
from synthetic_textcat.pipelines.quality_report.signals.labels import ENOUGH
from synthetic_textcat.pipelines.quality_report.signals.rates import MIN_VERIFIABLE_ROWS
from synthetic_textcat.schemas.quota import counted
from synthetic_textcat.text.intervals import CONFIDENCE

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
_PROMPTS = "the prompts"
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements of the run: its ledger, metrics by name, and tables of the signals."""

    ledger: Ledger
    metrics: Mapping[str, float | None]
    tables: Tables


RowsOf = Callable[[Measured], int]
"""The number of rows that a share is measured on."""


def _answered(run: Measured) -> int:
    return int(run.metrics.get(ANSWERED) or answered_in(run.ledger))


def _candidates(run: Measured) -> int:
    return int(run.metrics.get(CANDIDATES) or candidates_in(run.ledger))


def _verifiable(run: Measured) -> int:
    return sum(map(_verified, run.tables.get("language_agreement", ())))


def _of_worst_language(run: Measured) -> int:
    worst = worst_language(run.tables)
    return sum(_verified(row) for row in run.tables.get("language_agreement", ()) if row["language"] == worst)


def _verified(row: Mapping[str, Any]) -> int:
    return 0 if row["agreement"] is None else int(row["agrees"] + row["wrong"])


def _with_length(run: Measured) -> int:
    return sum(int(row["rows"]) for row in run.tables.get("length", ()))


def _doubted(run: Measured) -> int:
    return sum(int(row["rows"]) for row in run.tables.get("label_noise", ()) if row["rate"] is not None)


def _judged(run: Measured) -> int:
    return sum(int(line["judged"]) for line in run.tables.get("agreement", ()))


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


def languages_out_of_order(tables: Tables) -> str:
    """Languages in which a higher difficulty does not make texts harder to read."""
    rises = rises_with_difficulty(tables.get("readability", ()))
    wrong = [language for language, does_rise in rises.items() if not does_rise]
    more = f" and {len(wrong) - _MOST_NAMED:,} more" if len(wrong) > _MOST_NAMED else ""
    return f"not in {', '.join(wrong[:_MOST_NAMED])}{more}" if wrong else ""


def worst_value(tables: Tables) -> str:
    """Attribute value whose share differs most from the planned share: the first row of the table."""
    first = next(iter(tables.get("coverage", ())), None)
    if first is None:
        return ""
    within = f" ({first['within']})" if first.get("within") else ""
    return f"{first['attribute']} {first['value']}{within}"


def agreement_of_the_judge(tables: Tables) -> str:
    """Agreement with its interval, and the label that the judge mistakes most often for another one."""
    line = next(iter(tables.get("agreement", ())), None)
    pair = next(iter(tables.get("mixed_up_labels", ())), None)
    if line is None:
        return ""
    interval = f"{CONFIDENCE:.0%} interval {line['low']:.1%} to {line['high']:.1%}"
    mixed_up = f"; it mixes up {pair['one']} and {pair['other']} most" if pair else ""
    return f"{line['agreement']:.1%} of {counted(line['judged'], 'row')} ({interval}){mixed_up}"


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
        rows_of: Number of rows that the metric is a share of; None for any other measure, or where the metric is the
            end of an interval itself.
    """

    metric: str
    says: str
    then: str
    signal: str = ""
    culprit: Callable[[Tables], str] = no_culprit
    is_of_replies: bool = False
    rows_of: RowsOf | None = None


RULES: dict[str, Rule] = {
    "parsed": Rule(
        "rate/parsed",
        "{:.1%} of the replies could be parsed; the others were paid for and lost",
        "look at the failure causes; llm.structured_output and llm.max_tokens decide most of them",
        is_of_replies=True,
        rows_of=_answered,
    ),
    "same_labels": Rule(
        "rate/same_labels",
        "{:.1%} of the candidates repeat their label as the misleading label",
        f"say in {_PROMPTS} that the misleading label must differ from the label",
        "same_labels",
        is_of_replies=True,
        rows_of=_candidates,
    ),
    "leaked": Rule(
        "rate/label_leaked",
        "{:.1%} of the candidates name a label in the text",
        f"say in {_PROMPTS} that the text must not name the label, or choose label names that are not everyday words",
        "label_leaked",
        is_of_replies=True,
        rows_of=_candidates,
    ),
    "exact_duplicates": Rule(
        "rate/exact_duplicate",
        "{:.1%} of the candidates repeat another candidate word for word",
        "ask for more variety: attribute_sampling.extra, seed examples, llm.temperature",
        "exact_duplicate",
        is_of_replies=True,
        rows_of=_candidates,
    ),
    "near_duplicates": Rule(
        "rate/near_duplicate",
        "{:.1%} of the candidates are near duplicates",
        "ask for more variety: attribute_sampling.extra, seed examples, llm.temperature",
        "near_duplicate",
        is_of_replies=True,
        rows_of=_candidates,
    ),
    "language_agreement": Rule(
        "language/agreement",
        "{:.1%} of the verifiable texts are in the requested language",
        "attribute_sampling.language: leave out languages that this model does not write",
        "wrong_language",
        is_of_replies=True,
        rows_of=_verifiable,
    ),
    "language_agreement_lowest": Rule(
        "language/agreement_lowest",
        "For one requested language, only {:.1%} of the texts are in that language",
        "attribute_sampling.language: leave this language out, or use another model for it",
        "wrong_language",
        worst_language,
        is_of_replies=True,
        rows_of=_of_worst_language,
    ),
    "length_in_bucket": Rule(
        "length/in_bucket",
        "{:.1%} of the texts have the requested length",
        "attribute_sampling.num_words: lengths that this model keeps",
        "length",
        rows_of=_with_length,
    ),
    "readability_order": Rule(
        "readability/ordered",
        "Texts get harder to read with the requested difficulty in {:.0%} of the languages",
        f"say in {_PROMPTS} more plainly what {{difficulty}} means, or set attribute_sampling.difficulty to one value",
        culprit=languages_out_of_order,
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
        rows_of=_doubted,
    ),
    "label_agreement": Rule(
        "label/agreement_high",
        "The judge agrees with too few labels",
        "read the disputes; describe the border between labels that are mixed up in tasks.yml",
        "disputes",
        agreement_of_the_judge,
    ),
    "label_ambiguous": Rule(
        "label/ambiguous_share",
        "{:.1%} of the judged texts fit their misleading label too",
        "read the rows; describe the border between such labels in tasks.yml, or set label_check.on_ambiguous=reject",
        "ambiguous",
        rows_of=_judged,
    ),
}
