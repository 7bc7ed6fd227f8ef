"""Verdicts of the offline model: the label for which a text was written, by the words of its own grammars. Pure.

Only texts of the offline model can be judged: templates judge templates. The judge reads task, options and text, as any
judge does; nothing else in its prompt reveals the label of the row.
"""

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from synthetic_textcat.hashing import pick
from synthetic_textcat.llm.offline import prompt_reader
from synthetic_textcat.llm.offline.grammar import PLACEHOLDER, known_tasks, load_grammar
from synthetic_textcat.llm.offline.lexicon import Lexicon
from synthetic_textcat.llm.offline.marks import label_order, marked_place, marked_places
from synthetic_textcat.llm.offline.other_languages import authored_languages, language_grammar, topic_of
from synthetic_textcat.llm.offline.set_voices import voices_of
from synthetic_textcat.schemas.label_verdicts import BOTH, NONE_OF_THESE
from synthetic_textcat.schemas.languages import find_language

VERDICT, ALSO_FITS = "verdict", "also_fits"
ANSWERS, FITS = "answers", "fits"

_FIELD = re.compile(rf"^\W*(?:{VERDICT}|{FITS})\b\W*:", re.MULTILINE)
_FIELD_OF_SEVERAL = re.compile(rf"^\W*{FITS}\b\W*:", re.MULTILINE)
_ROW_FIELD = "input_text"
_NO_LABELS = frozenset((NONE_OF_THESE, BOTH))
_CERTAIN = 0.9  # fit from which on no other grammar is tried


class JudgeQuestion(NamedTuple):
    """A question to the judge, as read from prompt and schema.

    Attributes:
        task: The task's sentence; None if no grammar has it.
        options: The labels to choose from, in the order in which they are listed.
        open_set: Whether these are the two labels of one row, of a task without a label set.
        texts: Quoted lines of the prompt, or all lines if none is quoted; one is the text.
        several: Whether each label is asked for by yes or no.
    """

    task: str | None
    options: tuple[str, ...]
    open_set: bool
    texts: tuple[str, ...]
    several: bool = False


def asks_for_verdict(prompt: str, schema: Mapping[str, Any] | None) -> bool:
    """Whether a verdict is asked for: by the schema, or without one by the name of the field."""
    if schema is not None:
        return not {VERDICT, ANSWERS}.isdisjoint(schema.get("properties", {}))
    return _ROW_FIELD not in prompt and _FIELD.search(prompt) is not None


def read_question(prompt: str, schema: Mapping[str, Any] | None) -> JudgeQuestion:
    """The question in a prompt, with the options of the schema or, without one, of the list in the prompt."""
    task = prompt_reader.find_task(prompt, known_tasks())
    text = prompt_reader.without_task(prompt, task)
    several = _asks_for_each(prompt, schema)
    if several:
        names, open_set = _labels_to_answer(text, schema), False
    elif schema is None:
        names = prompt_reader.list_with(text, (NONE_OF_THESE,))
        open_set = BOTH in names
    else:
        fields = schema["properties"]
        names, open_set = tuple(map(str, fields[VERDICT].get("enum", ()))), ALSO_FITS not in fields
    options = tuple(name for name in names if name not in _NO_LABELS)
    lines = [line.strip() for line in prompt_reader.without_label_list(text, names).splitlines()]
    texts = tuple(filter(None, map(_unquoted, lines))) or tuple(filter(None, lines))
    return JudgeQuestion(task, options, open_set, texts, several)


def _asks_for_each(prompt: str, schema: Mapping[str, Any] | None) -> bool:
    if schema is not None:
        return ANSWERS in schema.get("properties", {})
    return _FIELD_OF_SEVERAL.search(prompt) is not None


def _labels_to_answer(text: str, schema: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The labels of the schema; without one, of the first list in the prompt."""
    if schema is not None:
        return tuple(map(str, schema["properties"][ANSWERS]["items"]["properties"]["label"].get("enum", ())))
    return prompt_reader.first_list(text)


def fitting_labels(asked: JudgeQuestion) -> tuple[str, ...]:
    """The labels that the text was written for, best first; a second one only where a sentence was written for it.

    Labels of the task beyond the options count, too. None if no grammar could have written the text.
    """
    grammar = load_grammar(known_tasks()[asked.task]) if asked.task else None
    order = label_order(grammar, asked.options)
    for text in asked.texts:
        if (place := marked_place(text)) is not None:
            return order[place : place + 1]
    best, certain, found = 0.0, False, tuple[str, ...]()
    for lexicon, labels in _lexicons(asked.task, order):
        for text in asked.texts:
            read = lexicon.read(text)
            if read.fit * read.words > best:
                best, certain = read.fit * read.words, read.fit >= _CERTAIN
                found = tuple(labels[name] for name in read.labels if name in labels)
        if certain:
            break
    return found


def fitting_set(asked: JudgeQuestion) -> tuple[str, ...]:
    """The labels of a set that the text was written for, in the order of the question."""
    own = load_grammar(known_tasks()[asked.task]) if asked.task else None
    order = label_order(own, asked.options)
    for text in asked.texts:
        if (places := marked_places(text)) is not None:
            return tuple(order[place] for place in places if place < len(order))
    task = asked.task if own is not None and set(order) <= set(own.labels) else None
    codes = ("en", *authored_languages()) if task is not None else ("en",)
    best, found = 0.0, tuple[str, ...]()
    for code in codes:
        voices = voices_of(task, order, find_language(code), "")
        for text in asked.texts:
            read = voices.lexicon.read(text)
            if read.fit * read.words > best:
                best = read.fit * read.words
                found = tuple(label for label in asked.options if voices.of_label.get(label) in read.labels)
    return found


def _lexicons(task: str | None, order: tuple[str, ...]) -> Iterator[tuple[Lexicon, Mapping[str, str]]]:
    """The words of all grammars that may have written a text for the task, and the label of each of their labels."""
    if task is not None:
        name = known_tasks()[task]
        own = tuple(load_grammar(name).labels)
        yield _lexicon_of(name), {label: label for label in own}
    yield _lexicon_of(PLACEHOLDER), dict.fromkeys(load_grammar(PLACEHOLDER).labels, order[0])
    if task is not None and order == own:  # other texts in these languages are marked
        for code in authored_languages():
            topics = tuple(language_grammar(code).labels)
            yield _language_lexicon(code), {topic_of(label, order, task, topics): label for label in order}


@functools.cache
def _lexicon_of(name: str) -> Lexicon:
    return Lexicon(load_grammar(name))


@functools.cache
def _language_lexicon(code: str) -> Lexicon:
    return Lexicon(language_grammar(code))


def _unquoted(line: str) -> str | None:
    """The text of a line that is a JSON string."""
    if not line.startswith('"'):
        return None
    try:
        text = json.loads(line)
    except ValueError:
        return None
    return text if isinstance(text, str) else None


def verdict(asked: JudgeQuestion, labels: Sequence[str], wrong: bool, seed: int) -> dict[str, Any]:
    """The fields of the reply.

    Args:
        asked: The question.
        labels: See `fitting_labels`.
        wrong: Whether the verdict is to be another label than the best of these.
        seed: Draws that label.
    """
    if asked.several:
        wrong_label = pick(asked.options, "wrong verdict", seed) if wrong else None
        fits = {label: (label in labels) != (label == wrong_label) for label in asked.options}
        return {ANSWERS: [{"label": label, FITS: "yes" if is_right else "no"} for label, is_right in fits.items()]}
    best, second = (label if label in asked.options else NONE_OF_THESE for label in (*labels, "", "")[:2])
    if wrong:
        best = pick([label for label in asked.options if label != best], "wrong verdict", seed)
    if wrong or best == NONE_OF_THESE:
        second = NONE_OF_THESE
    if not asked.open_set:
        return {VERDICT: best, ALSO_FITS: second}
    return {VERDICT: best if second == NONE_OF_THESE else BOTH}
