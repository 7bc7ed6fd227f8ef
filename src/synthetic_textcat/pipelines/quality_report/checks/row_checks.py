"""Checks of single rows: each takes a candidate and returns why it is not an example, or None.

A check is a function with `@row_check` that bears the name of a reason in `schemas.outcomes.REJECT_REASONS`. It reads
its row only, and finds the same on any machine and in any process. Costly values are lazy facts of `Candidate`.
Checks that compare rows stand in `comparisons`. The next run applies a new check to rows that are paid for already.
"""

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from typing import Any

from synthetic_textcat.pipelines.quality_report.checks.artefacts import find_artefacts, find_no_text
from synthetic_textcat.pipelines.quality_report.checks.language import LanguageFinding, check_language, check_languages
from synthetic_textcat.pipelines.quality_report.checks.lazy_facts import lazy
from synthetic_textcat.pipelines.quality_report.checks.leakage import code_of, leaked_labels, only_label, only_no_label
from synthetic_textcat.pipelines.quality_report.checks.open_labels import find_label_fault
from synthetic_textcat.pipelines.quality_report.checks.placeholders import find_placeholders
from synthetic_textcat.pipelines.quality_report.checks.prompt_overlap import PromptIndex, find_overlap
from synthetic_textcat.pipelines.quality_report.checks.repetition import find_repetition
from synthetic_textcat.pipelines.quality_report.checks.same_labels import are_one_name, are_one_open_label
from synthetic_textcat.pipelines.quality_report.checks.talk_about_task import (
    Phrases,
    find_talk_about_task,
    possible_phrases,
)
from synthetic_textcat.pipelines.quality_report.checks.text_ends import find_cut
from synthetic_textcat.pipelines.quality_report.checks.text_length import count_words, find_wrong_length, needs_count
from synthetic_textcat.schemas.block import TextChecks
from synthetic_textcat.schemas.completions import RowReply
from synthetic_textcat.schemas.label_names import labels_in_set, set_spelling
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.comparison import comparable, compared_words
from synthetic_textcat.text.unicode import normalised

_SHOWN = 3
"""Signs of a fault that its evidence quotes."""


@dataclass(frozen=True)
class Known:
    """Facts of a task that the checks use, and their bounds.

    Attributes:
        labels: Names of the closed label set; empty for an open one.
        order: The same, in the order of the task.
        seed_texts: The task's seed examples, in their comparison form.
        task: Its sentence, normalised.
        task_text: The task's sentence, its labels and their descriptions, normalised, one a line.
        instructions: The prompt's own words, without what its placeholders stand for.
        text_checks: Bounds of the reasons for texts.
    """

    labels: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()
    seed_texts: frozenset[str] = frozenset()
    task: str = ""
    task_text: str = ""
    instructions: tuple[str, ...] = ()
    text_checks: TextChecks = field(default_factory=TextChecks)

    @cached_property
    def prompt_index(self) -> PromptIndex:
        """The word n-grams of the task's prompts."""
        return PromptIndex.of(self.task_text, self.instructions, self.seed_texts)

    def spelt(self, label: str) -> str:
        """The label in the spelling of the closed set; unchanged if it is none of the set."""
        return set_spelling(label, self.labels) or label

    def spelt_set(self, labels: Iterable[str]) -> tuple[str, ...]:
        """The labels in the spelling and the order of the closed set, each once; those that it lacks come last."""
        return labels_in_set(labels, self.order)


@dataclass
class Candidate:
    """A parsed reply with its plan, which nobody changes; costly facts are computed once, when first needed.

    Attributes:
        input_text: As the model wrote it.
        label, misleading_label: Likewise, but in the spelling of the closed set. With several labels, label is empty.
        planned_label: The plan's; None for an open label set or several labels.
        known: Of its task.
        language, num_words: As asked; None where the plan is not at hand.
        request_id: The planned row.
        labels: Labels of a row of a task with several labels a text, in spelling and order of the set; None for others.
        planned_labels: The plan's.
    """

    request_id: str
    input_text: str
    label: str
    misleading_label: str
    planned_label: str | None
    known: Known
    language: str | None
    num_words: str | None = None
    labels: tuple[str, ...] | None = None
    planned_labels: tuple[str, ...] | None = None

    @classmethod
    def of_reply(cls, row: Mapping[str, Any], reply: RowReply, known: Known) -> "Candidate":
        """The candidate of a reply to a planned row, whose `labels` count where its `label` is null."""
        label = row["label"]
        return cls(
            row["request_id"],
            **{"label": "", **reply.model_dump()},
            planned_label=label,
            planned_labels=row.get("labels") if label is None else None,
            known=known,
            language=row["language"],
            num_words=row.get("num_words"),
        )

    def __post_init__(self) -> None:
        """Brings the labels to the spelling of the set."""
        self.label, self.misleading_label = self.known.spelt(self.label), self.known.spelt(self.misleading_label)
        if self.labels is not None:
            self.labels = self.known.spelt_set(self.labels)

    @property
    def own_labels(self) -> tuple[str, ...]:
        """The row's labels: one, or all of a row with several."""
        return (self.label,) if self.labels is None else self.labels

    @lazy
    def text(self) -> str:
        """The input text in its comparison form."""
        return " ".join(self.words)

    @property
    def code(self) -> str | None:
        """The code of the language by whose rules the text is read."""
        return code_of(self.language) if self.language else None

    @lazy
    def words(self) -> list[str]:
        """Pieces of the text in its comparison form between spaces."""
        return compared_words(self.input_text, self.code)

    @lazy
    def pieces(self) -> int:
        """Number of pieces of the text as written between spaces; normalisation may add spaces to other than ASCII."""
        return len(self.words if self.input_text.isascii() else self.input_text.split())

    @lazy
    def possible_phrases(self) -> Collection[Phrases] | None:
        """Phrases about tasks that the text may have; None if it was not looked at together with others."""
        return None

    @lazy
    def in_language(self) -> LanguageFinding | None:
        """Whether the text is in the language that was asked for."""
        return check_language(self.input_text, self.language) if self.language else None

    @lazy
    def word_count(self) -> int:
        """Words of the text as written."""
        return count_words([self.input_text], [self.language])[0]


Check = Callable[[Candidate], str | None]

ROW_CHECKS: dict[str, Check] = {}
"""Reject reason → check; `verdicts` tries them in the order of `REJECT_REASONS`."""


PREPARATIONS: dict[str, Callable[[Sequence[Candidate]], None]] = {}
"""Reject reason → function that finds a costly fact of many rows at once, before its check looks at each."""


def row_check(check: Check) -> Check:
    """Registers a check under its name, which is the reject reason."""
    ROW_CHECKS[check.__name__] = check
    return check


def prepares(check: Check) -> Callable[[Callable[[Sequence[Candidate]], None]], Callable[[Sequence[Candidate]], None]]:
    """Registers a function that fills lazy facts of many rows, which a check then finds."""

    def register(prepare: Callable[[Sequence[Candidate]], None]) -> Callable[[Sequence[Candidate]], None]:
        PREPARATIONS[check.__name__] = prepare
        return prepare

    return register


def _evidence(what: str, found: Iterator[str], least: int | None) -> str | None:
    """The first signs that a check found, if there are enough of them to reject the text.

    Args:
        what: What they are.
        found: The signs, quoted; read no further than needed.
        least: Number of signs from which the text is rejected; None = not judged.
    """
    if least is None:
        return None
    first = list(islice(found, max(least, _SHOWN)))
    return f"{what}: {', '.join(first[:_SHOWN])}" if len(first) >= least else None


@row_check
def empty_field(row: Candidate) -> str | None:
    """Text or a label without a single visible character."""
    texts = (row.input_text, *row.own_labels, row.misleading_label)
    if all(map(_shows, texts)):
        return None
    of_labels = ["label" if row.labels is None else "labels"] * len(row.own_labels)
    names = ("input_text", *of_labels, "misleading_label")
    empty = dict.fromkeys(name for name, text in zip(names, texts, strict=True) if not _shows(text))
    return f"empty: {', '.join(empty)}"


@row_check
def not_a_text(row: Candidate) -> str | None:
    """A text with control or replacement characters, mojibake, escapes, template tokens, or without a word."""
    least = row.known.text_checks.not_a_text
    why = None if least is None else find_no_text(row.input_text)
    return why or _evidence("artefacts", find_artefacts(row.input_text), least)


@row_check
def placeholder(row: Candidate) -> str | None:
    """A text with gaps to be filled in, as `[Your Name]`."""
    found = map(repr, find_placeholders(row.input_text))
    return _evidence("to be filled in", found, row.known.text_checks.placeholder)


@row_check
def about_the_task(row: Candidate) -> str | None:
    """A text that speaks of the task, its labels or the prompt, or in an assistant's voice."""
    known, of_several = row.known, row.labels is not None
    least, found = known.text_checks.about_the_task, row.possible_phrases
    return find_talk_about_task(row.text, row.language, known.task_text, least, found, of_several=of_several)


@prepares(about_the_task)
def find_possible_phrases(rows: Sequence[Candidate]) -> None:
    """Phrases about tasks that the texts may have."""
    found = possible_phrases([row.text for row in rows], [row.language for row in rows])
    for row, phrases in zip(rows, found, strict=True):
        vars(row)["possible_phrases"] = phrases


@row_check
def prompt_echo(row: Candidate) -> str | None:
    """A text that repeats the words of its prompt."""
    return find_overlap(row.text, row.words, row.known.prompt_index, row.known.text_checks.prompt_echo)


@row_check
def repetitive(row: Candidate) -> str | None:
    """A text that goes round in a loop."""
    return find_repetition(row.text, row.words, row.known.text_checks.repetitive)


@row_check
def cut_off(row: Candidate) -> str | None:
    """A text that stops in the middle of a sentence."""
    return find_cut(row.input_text, row.language, row.known.text_checks.cut_off)


@row_check
def length_off(row: Candidate) -> str | None:
    """A text far shorter or longer than it was asked for."""
    least = row.known.text_checks.length_off
    return find_wrong_length(row.input_text, row.pieces, row.num_words, row.language, least, lambda: row.word_count)


@prepares(length_off)
def count_words_of_rows(rows: Sequence[Candidate]) -> None:
    """Words of the rows whose length is near a bound."""
    near = [
        row
        for row in rows
        if needs_count(row.input_text, row.pieces, row.num_words, row.language, row.known.text_checks.length_off)
    ]
    counts = count_words([row.input_text for row in near], [row.language for row in near])
    for row, count in zip(near, counts, strict=True):
        vars(row)["word_count"] = count


@row_check
def label_not_a_label(row: Candidate) -> str | None:
    """An open label that is none: a sentence, a phrase of the prompt, a value of an attribute, or no word at all."""
    if row.known.labels:
        return None
    others = {"label": row.misleading_label, "misleading_label": row.label}
    faults = {name: find_label_fault(getattr(row, name), others[name], row.known.task, row.language) for name in others}
    found = [f"{name} {shown(getattr(row, name))} {fault}" for name, fault in faults.items() if fault]
    return ", ".join(found) or None


@row_check
def label_not_in_set(row: Candidate) -> str | None:
    """A label that the closed set does not have."""
    wrong = [label for label in row.own_labels if label not in row.known.labels] if row.known.labels else []
    return f"label {_quoted(wrong)}" if wrong else None


@row_check
def misleading_label_not_in_set(row: Candidate) -> str | None:
    """A misleading label that the closed set does not have."""
    wrong = row.known.labels and row.misleading_label not in row.known.labels
    return f"misleading label {row.misleading_label!r}" if wrong else None


@row_check
def same_labels(row: Candidate) -> str | None:
    """A misleading label that is the label: it would teach a model nothing, or worse."""
    is_open = not row.known.labels
    are_alike: Callable[[str, str], bool] = partial(are_one_open_label, code=row.code) if is_open else are_one_name
    alike = next((label for label in row.own_labels if are_alike(label, row.misleading_label)), None)
    return None if alike is None else f"both {alike!r}"


@row_check
def label_not_as_planned(row: Candidate) -> str | None:
    """Another label of the set than the one that was asked for."""
    if row.planned_label is None or row.label == row.planned_label:
        return None
    return f"planned {row.planned_label!r}, got {row.label!r}"


@row_check
def labels_not_as_planned(row: Candidate) -> str | None:
    """Another set of labels than the one that was asked for, of a row with several."""
    if row.labels is None or row.planned_labels is None:
        return None
    sides = (("missing", row.planned_labels, row.labels), ("extra", row.labels, row.planned_labels))
    found = [f"{side} {_quoted(names)}" for side, own, other in sides if (names := [n for n in own if n not in other])]
    return ", ".join(found) or None


@row_check
def label_leaked(row: Candidate) -> str | None:
    """A label that the text names: the text would be classified by reading its answer."""
    labels = (*row.own_labels, row.misleading_label)
    leaked = list(leaked_labels(row.input_text, labels, row.known.labels, row.language, row.text))
    if leaked:
        return f"the text names {' and '.join(leaked)}"
    if (only := only_label(row.input_text, row.known.labels, row.language)) is not None:
        return f"the text is only the label {only!r}"
    only = None if row.labels is None else only_no_label(row.input_text)
    return f"the text only says {only!r}" if only is not None else None


@row_check
def wrong_language(row: Candidate) -> str | None:
    """A text that is clearly in another language than was asked for, or in another script."""
    found = row.in_language
    return f"asked for {row.language}, {found.found}" if found is not None and found.verdict == "wrong" else None


@prepares(wrong_language)
def identify_languages(rows: Sequence[Candidate]) -> None:
    """Whether the texts are in the language that was asked for."""
    asked = [(row, row.language) for row in rows if row.language]
    found = check_languages([row.input_text for row, _ in asked], [language for _, language in asked])
    for (row, _), finding in zip(asked, found, strict=True):
        vars(row)["in_language"] = finding


def known_of(task: Task, text_checks: TextChecks | None = None, instructions: tuple[str, ...] = ()) -> Known:
    """The facts of a task that the checks use.

    Args:
        task: The task.
        text_checks: Bounds of the reasons for texts; None = the defaults.
        instructions: The prompt's own words (`llm.prompts.messages.instructions_of`).
    """
    said = (task.task, *(f"{label.name}: {label.description}".rstrip(" :") for label in task.labels))
    return Known(
        labels=frozenset(task.label_names),
        order=task.label_names,
        seed_texts=frozenset(comparable(example.text) for example in task.seed_examples),
        task=normalised(task.task),
        task_text="\n".join(map(normalised, said)),
        instructions=instructions,
        text_checks=text_checks or TextChecks(),
    )


def _quoted(labels: Iterable[str]) -> str:
    return " and ".join(map(repr, labels))


def _shows(text: str) -> bool:
    return text[:1].isalnum() or any(map(_is_visible, text))


def _is_visible(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character) not in ("Cf", "Cc")
