"""Voices of label sets: the sentences of a grammar that stand for each label of a task, in any language. Pure.

A task with a grammar has the sentences of its labels; a text that no label fits has those of other tasks. For any other
task, placeholder words are dealt over the labels, so that they can be learned from the texts. In other languages than
English the labels have topics, as in texts with one label (`other_languages`).
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from synthetic_textcat.llm.offline.grammar import DIFFICULTIES, Grammar, LabelGrammar, Slots, known_tasks, load_grammar
from synthetic_textcat.llm.offline.lexicon import Lexicon
from synthetic_textcat.llm.offline.other_languages import grammar_code, language_grammar, topic_of
from synthetic_textcat.llm.offline.set_writer import Voices
from synthetic_textcat.schemas.languages import Language, rules_code

_PLACEHOLDER, _EVERY = "_placeholder", "*"
_DEALT = ("colour", "thing", "place")
"""Slots of placeholder texts whose words are dealt over the labels."""

_MOST_PARTS = 18  # the fewest words of such a slot, but one
_OTHER_TASKS = 3
_ENGLISH = "en"


def voices_of(task: str | None, order: Sequence[str], language: Language, mark: str) -> Voices:
    """The voices of a task's labels.

    Args:
        task: Its sentence, if a grammar has it.
        order: Its labels, see `marks.label_order`.
        language: Language of the texts.
        mark: Mark of a placeholder; empty for a text of an authored grammar.
    """
    if rules_code(language) == _ENGLISH:
        is_own = task is not None and set(order) <= set(_own(task)[0].labels)
        found = _own_voices(task or "", tuple(order)) if is_own else _dealt_voices(tuple(order))
    else:
        found = _topic_voices(grammar_code(language), tuple(order), task or " | ".join(order))
    return found._replace(grammar=replace(found.grammar, mark=mark)) if mark else found


def _own(task: str) -> tuple[Grammar, Lexicon]:
    return _grammar_of(known_tasks()[task])


@functools.cache
def _grammar_of(name: str) -> tuple[Grammar, Lexicon]:
    grammar = load_grammar(name)
    return grammar, Lexicon(grammar)


@functools.lru_cache(maxsize=256)
def _own_voices(task: str, order: tuple[str, ...]) -> Voices:
    names = sorted(known_tasks().values())
    start = names.index(known_tasks()[task])
    others = (names[(start + step) % len(names)] for step in range(1, _OTHER_TASKS + 1))
    parts = [part for name in others for part in load_grammar(name).labels.values()]
    return Voices(*_own(task), {label: label for label in order}, parts)


@functools.lru_cache(maxsize=256)
def _dealt_voices(order: tuple[str, ...]) -> Voices:
    """Placeholder words, a part of them for each label and one for texts that no label fits."""
    parts = min(len(order), _MOST_PARTS) + 1
    grammar, lexicon = _dealt(parts)
    of_label = {label: str(place % (parts - 1)) for place, label in enumerate(order)}
    return Voices(grammar, lexicon, of_label, [grammar.labels[str(parts - 1)]])


@functools.cache
def _dealt(parts: int) -> tuple[Grammar, Lexicon]:
    grammar = load_grammar(_PLACEHOLDER)
    every = grammar.labels[_EVERY]
    labels = {str(part): _part(every, part, parts) for part in range(parts)}
    dealt = replace(grammar, labels=labels)
    return dealt, Lexicon(dealt)


def _part(every: LabelGrammar, part: int, parts: int) -> LabelGrammar:
    def dealt(slots: Slots) -> Mapping[str, tuple[tuple[tuple[str, str], ...], ...]]:
        return {**slots, **{name: slots[name][part::parts] for name in _DEALT}}

    return replace(every, slots={level: dealt(every.slots[level]) for level in DIFFICULTIES})


@functools.lru_cache(maxsize=256)
def _topic_voices(code: str, order: tuple[str, ...], task: str) -> Voices:
    grammar, lexicon = _language(code)
    topics = tuple(grammar.labels)
    of_label = {label: topic_of(label, order, task, topics) for label in order}
    free = [grammar.labels[topic] for topic in topics if topic not in of_label.values()]
    return Voices(grammar, lexicon, of_label, free or list(grammar.labels.values()))


@functools.cache
def _language(code: str) -> tuple[Grammar, Lexicon]:
    grammar = language_grammar(code)
    return grammar, Lexicon(grammar)
