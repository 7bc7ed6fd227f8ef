"""Which metric each threshold of the parameters is of, and what to do about it.

To add one: a rule here, and its name in `schemas.thresholds`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from synthetic_textcat.pipelines.quality_report.culprits import (
    Tables,
    least_even_task,
    nobody,
    worst_language,
    worst_value,
)

_PROMPTS = "the prompts"


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
    culprit: Callable[[Tables], str] = nobody


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
