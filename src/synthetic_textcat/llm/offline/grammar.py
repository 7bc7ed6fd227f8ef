"""Grammars of the offline model: one YAML file per task, loaded on first use, and the expansion of templates."""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, TypeVar

import yaml

from synthetic_textcat.hashing import numbered_draws, shuffled
from synthetic_textcat.llm.offline.orthography import ENGLISH, Orthography
from synthetic_textcat.schemas.attributes import VALUES

DIFFICULTIES = VALUES["difficulty"]

Template = tuple[tuple[str, str], ...]
"""Pairs of literal text and the slot that follows it ("" for none)."""

Slots = Mapping[str, tuple[Template, ...]]

_SLOT = re.compile(r"<(\w+)>")
FOLDER = resources.files(__package__) / "grammars"
"""The grammar files."""

PLACEHOLDER = "_placeholder"
"""Name of the grammar for tasks that no other grammar knows."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Register:
    """Style of a kind of text: phrases that hedge, link and interrupt sentences of any label."""

    hedges: tuple[str, ...]
    short_hedges: tuple[str, ...]
    asides: tuple[str, ...]
    lead_ins: Mapping[str, tuple[str, ...]]
    connectives: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class LabelGrammar:
    """Templates of one label; `slots` are by difficulty, since some words have a plain and a learned form."""

    short: tuple[Template, ...]
    sentences: tuple[Template, ...]
    slots: Mapping[str, Slots]


@dataclass(frozen=True, slots=True)
class Grammar:
    """Grammar of one task. `fillers` fit any label, `openers` start a short text of any label.

    `keep` names slots that keep one filling throughout a text, so that it is about one patient and not about five.
    `mark` stands before each text, where that is no text of the task.
    """

    task: str
    register: Register
    keep: tuple[str, ...]
    openers: tuple[Template, ...]
    fillers: tuple[Template, ...]
    labels: Mapping[str, LabelGrammar]
    orthography: Orthography = ENGLISH
    mark: str = ""


def compile_template(text: str) -> Template:
    """Splits a template such as "a <b> c" at its slots."""
    pieces = _SLOT.split(text)
    return tuple(zip(pieces[::2], [*pieces[1::2], ""], strict=True))


def compiled(texts: Iterable[Any]) -> tuple[Template, ...]:
    """The templates of a list in a grammar file."""
    return tuple(compile_template(str(text)) for text in texts)


def compiled_slots(raw: Mapping[str, Iterable[Any]]) -> dict[str, tuple[Template, ...]]:
    """The fillings of slots in a grammar file."""
    return {name: compiled(values) for name, values in raw.items()}


def load_yaml(name: str) -> Any:
    """The content of one file in the grammars folder."""
    return yaml.load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@functools.cache
def _common() -> Any:
    return load_yaml("_common")


@functools.cache
def _common_slots() -> dict[str, dict[str, tuple[Template, ...]]]:
    plain = compiled_slots(_common()["slots"])
    graded = _common()["graded"].items()
    return {level: plain | compiled_slots({name: forms[level] for name, forms in graded}) for level in DIFFICULTIES}


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
    own = task_slots | compiled_slots(raw.get("slots", {}))
    return LabelGrammar(
        short=compiled(raw["short"]),
        sentences=compiled(raw["sentences"]),
        slots={level: common | own for level, common in _common_slots().items()},
    )


@functools.cache
def load_grammar(name: str) -> Grammar:
    """The compiled grammar in `grammars/<name>.yml`."""
    raw = load_yaml(name)
    task_slots = compiled_slots(raw.get("slots", {}))
    openers = raw.get("openers") or _common()["registers"][raw["register"]]["openers"]
    return Grammar(
        task=raw["task"],
        register=_register(raw["register"]),
        keep=tuple(raw.get("keep", ())),
        openers=compiled(openers),
        fillers=compiled(raw["fillers"]),
        labels={str(label): _label_grammar(body, task_slots) for label, body in raw["labels"].items()},
    )


@functools.cache
def known_tasks() -> Mapping[str, str]:
    """Task sentence -> name of its grammar file.

    Each file names its task in its first line, so this reads one line per file and parses no grammar.
    """
    tasks: dict[str, str] = {}
    for entry in sorted(FOLDER.iterdir(), key=lambda file: file.name):
        if entry.name.endswith(".yml") and not entry.name.startswith("_"):
            with entry.open(encoding="utf-8") as file:
                tasks[yaml.load(file.readline(), Loader=yaml.CSafeLoader)["task"]] = entry.name.removesuffix(".yml")
    return tasks


class SeededDraws:
    """Sequence of draws, each a hash of the key and its position."""

    def __init__(self, *key: object) -> None:
        self._key = key
        self._draw = numbered_draws(*key)
        self._count = 0

    def pick(self, options: Sequence[T]) -> T:
        """A uniform choice among the options."""
        self._count += 1
        return options[int(self._draw(self._count) * len(options))]

    def happens(self, odds: float) -> bool:
        """Whether an event of this probability happens."""
        self._count += 1
        return self._draw(self._count) < odds

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """The options, shuffled."""
        self._count += 1
        return shuffled(options, *self._key, self._count)


def expand(template: Template, slots: Slots, draws: SeededDraws) -> str:
    """The template with all slots filled, recursively."""
    if len(template) == 1 and not template[0][1]:  # most fillings: a text without slots
        return template[0][0]
    pieces: list[str] = []
    for literal, slot in template:
        pieces.append(literal)
        if slot:
            filling = expand(draws.pick(slots[slot]), slots, draws)
            # "Anna and Anna" reads badly: a repeated filling is drawn once more.
            pieces.append(expand(draws.pick(slots[slot]), slots, draws) if filling in pieces else filling)
    return "".join(pieces)
