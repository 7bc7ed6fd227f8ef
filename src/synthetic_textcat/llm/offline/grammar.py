"""Grammars: one YAML file a task, loaded and compiled when its task is first met."""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from synthetic_textcat.schemas.attributes import VALUES

DIFFICULTIES = VALUES["difficulty"]

Template = tuple[tuple[str, str], ...]
"""Pairs of literal text and the slot that follows it ("" for none)."""

Slots = Mapping[str, tuple[Template, ...]]

_SLOT = re.compile(r"<(\w+)>")
_FOLDER = resources.files(__package__) / "grammars"


@dataclass(frozen=True, slots=True)
class Register:
    """The manner of a kind of text: how sentences of any label are hedged, linked and interrupted."""

    hedges: tuple[str, ...]
    short_hedges: tuple[str, ...]
    asides: tuple[str, ...]
    lead_ins: Mapping[str, tuple[str, ...]]
    connectives: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class LabelGrammar:
    """What is said under one label; `slots` is by difficulty, for some words have a plain and a learned form."""

    short: tuple[Template, ...]
    sentences: tuple[Template, ...]
    slots: Mapping[str, Slots]


@dataclass(frozen=True, slots=True)
class Grammar:
    """All that can be said for one task. `fillers` fit any label, `openers` start a short text of any label.

    `keep` names the slots that hold one filling throughout a text, so that it speaks of one patient and not of five.
    """

    task: str
    register: Register
    keep: tuple[str, ...]
    openers: tuple[Template, ...]
    fillers: tuple[Template, ...]
    labels: Mapping[str, LabelGrammar]


def compile_template(text: str) -> Template:
    """Split "a <b> c" at its slots, once, so that writing is a walk and not a search."""
    pieces = _SLOT.split(text)
    return tuple(zip(pieces[::2], [*pieces[1::2], ""], strict=True))


def _compiled(texts: Iterable[Any]) -> tuple[Template, ...]:
    return tuple(compile_template(str(text)) for text in texts)


def _slots(raw: Mapping[str, Iterable[Any]]) -> dict[str, tuple[Template, ...]]:
    return {name: _compiled(values) for name, values in raw.items()}


def load_yaml(name: str) -> Any:
    """The content of one file of the grammars folder."""
    return yaml.load((_FOLDER / f"{name}.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@functools.cache
def _common() -> Any:
    return load_yaml("_common")


@functools.cache
def _common_slots() -> dict[str, dict[str, tuple[Template, ...]]]:
    plain = _slots(_common()["slots"])
    graded = _common()["graded"].items()
    return {level: plain | _slots({name: forms[level] for name, forms in graded}) for level in DIFFICULTIES}


@functools.cache
def _register(name: str) -> Register:
    raw, shared = _common()["registers"][name], _common()["connectives"]
    by_level = {level: tuple(raw["lead_ins"][level]) for level in DIFFICULTIES}
    return Register(
        hedges=tuple(raw["hedges"]),
        short_hedges=tuple(_common()["short_hedges"]),
        asides=tuple(raw["asides"]),
        lead_ins=by_level,
        connectives={level: tuple(shared[level]) for level in DIFFICULTIES},
    )


def _label_grammar(raw: Mapping[str, Any], task_slots: dict[str, tuple[Template, ...]]) -> LabelGrammar:
    own = task_slots | _slots(raw.get("slots", {}))
    return LabelGrammar(
        short=_compiled(raw["short"]),
        sentences=_compiled(raw["sentences"]),
        slots={level: common | own for level, common in _common_slots().items()},
    )


@functools.cache
def load_grammar(name: str) -> Grammar:
    """The compiled grammar in `grammars/<name>.yml`."""
    raw = load_yaml(name)
    task_slots = _slots(raw.get("slots", {}))
    openers = raw.get("openers") or _common()["registers"][raw["register"]]["openers"]
    return Grammar(
        task=raw["task"],
        register=_register(raw["register"]),
        keep=tuple(raw.get("keep", ())),
        openers=_compiled(openers),
        fillers=_compiled(raw["fillers"]),
        labels={str(label): _label_grammar(body, task_slots) for label, body in raw["labels"].items()},
    )


@functools.cache
def known_tasks() -> Mapping[str, str]:
    """Task sentence -> name of its grammar file.

    Each file says its task on its first line, so this reads one line a file and parses no grammar.
    """
    tasks: dict[str, str] = {}
    for entry in sorted(_FOLDER.iterdir(), key=lambda file: file.name):
        if entry.name.endswith(".yml") and not entry.name.startswith("_"):
            with entry.open(encoding="utf-8") as file:
                tasks[yaml.load(file.readline(), Loader=yaml.CSafeLoader)["task"]] = entry.name.removesuffix(".yml")
    return tasks
