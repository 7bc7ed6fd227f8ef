"""Texts in other languages than English: from an authored grammar of everyday topics, or as a placeholder. Pure.

An authored grammar (`grammars/languages/<code>.yml`) has topics of everyday life in place of a task's labels. A task's
labels are dealt over the topics, so that they can be learned from the texts, which say nothing of the task itself. A
language without one gets placeholder words, see `placeholder`. The marked texts say that they are placeholders: those,
and the texts for a task that no grammar has.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from synthetic_textcat.hashing import draw_int
from synthetic_textcat.llm.offline.grammar import (
    DIFFICULTIES,
    FOLDER,
    Grammar,
    LabelGrammar,
    Register,
    compiled,
    compiled_slots,
    load_yaml,
)
from synthetic_textcat.llm.offline.orthography import leaks, orthography_of
from synthetic_textcat.llm.offline.placeholder import placeholder_grammar
from synthetic_textcat.llm.offline.writer import Plan, write_text
from synthetic_textcat.schemas.languages import Language, find_language, rules_code

_LANGUAGES = "languages"


@functools.cache
def authored_languages() -> tuple[str, ...]:
    """Codes of the languages with an authored grammar, besides English."""
    folder = FOLDER / _LANGUAGES
    return tuple(sorted(entry.name.removesuffix(".yml") for entry in folder.iterdir() if entry.name.endswith(".yml")))


@functools.cache
def language_grammar(code: str) -> Grammar:
    """The grammar of a language, with topics for labels: authored, or of placeholder words."""
    if code not in authored_languages():
        return placeholder_grammar(code)
    raw = load_yaml(f"{_LANGUAGES}/{code}")
    return Grammar(
        task="",
        register=_register(raw),
        keep=(),
        openers=compiled(raw["openers"]),
        fillers=compiled(raw["fillers"]),
        labels={topic: _topic(body, raw) for topic, body in raw["topics"].items()},
        orthography=orthography_of(find_language(code)),
    )


def grammar_code(language: Language) -> str:
    """Code of the language whose grammar the texts have: that of its rules of spelling, if it has the same script."""
    code = rules_code(language)
    return code if find_language(code).script == language.script else language.code


def write_in(
    language: Language, plan: Plan, seed: int, order: Sequence[str], labels: Sequence[str], mark: str, task: str
) -> str:
    """A text in a language: a function of the arguments alone.

    Args:
        language: Any but English.
        plan: Attributes of the text; its labels are the task's.
        seed: Seed of the row.
        order: The task's labels: the n-th has the n-th topic, counted from one that the task draws.
        labels: Labels that the text must not name.
        mark: Mark of a placeholder; empty for a text of an authored grammar.
        task: The task's sentence.
    """
    names = tuple(dict.fromkeys((*labels, plan.label, *filter(None, [plan.misleading_label]))))
    grammar = replace(language_grammar(grammar_code(language)), mark=mark)
    topics = tuple(grammar.labels)
    other = plan.misleading_label and topic_of(plan.misleading_label, order, task, topics)
    texts = (
        write_text(
            grammar,
            replace(plan, label=topic_of(plan.label, order, task, topics, turn), misleading_label=other),
            seed,
            names,
        )
        for turn in range(len(topics))
    )
    fallback = next(texts)
    if not leaks(fallback, names, rules_code(language)):
        return fallback
    return next((text for text in texts if not leaks(text, names, rules_code(language))), fallback)


def topic_of(label: str, order: Sequence[str], task: str, topics: Sequence[str], turn: int = 0) -> str:
    """The topic that stands for a label of a task, or the topic so many places later."""
    place = order.index(label) if label in order else draw_int(16, "topic of", label)
    return topics[(draw_int(16, "topic", task) + place + turn) % len(topics)]


def _register(raw: Mapping[str, Any]) -> Register:
    return Register(
        hedges=tuple(raw["hedges"]),
        short_hedges=tuple(raw["short_hedges"]),
        asides=tuple(raw["asides"]),
        lead_ins={level: tuple(raw["lead_ins"][level]) for level in DIFFICULTIES},
        connectives={level: tuple(raw["connectives"][level]) for level in DIFFICULTIES},
    )


def _topic(body: Mapping[str, Any], raw: Mapping[str, Any]) -> LabelGrammar:
    own = compiled_slots(raw["slots"]) | compiled_slots(body["slots"])
    graded = raw["graded"].items()
    return LabelGrammar(
        short=compiled(body["short"]),
        sentences=compiled(body["sentences"]),
        slots={level: own | compiled_slots({name: forms[level] for name, forms in graded}) for level in DIFFICULTIES},
    )
