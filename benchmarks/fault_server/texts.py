"""Writes texts that differ from request to request and from which labels can be learned, without naming one."""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from .draws import stream


def _words_in(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_COMMON = _words_in(
    "lantern bridge window kettle corner staircase morning blanket pebble ladder meadow basket curtain hallway candle "
    "orchard feather bench wooden quiet narrow amber crooked gentle hollow distant copper dusty mellow slender "
    "chimney riverbank saddle thimble doorway hedge"
)
_FLAVOURS = _words_in(
    "anchor badger cobalt dahlia ember falcon granite heron indigo juniper kestrel lichen magnolia nutmeg otter "
    "parsley quartz raven saffron thistle umber velvet walnut yarrow zinnia beetle cedar dolphin fennel glacier "
    "hazel ivory jackdaw lavender marble oyster pewter russet sparrow tulip"
)
_LINKS = _words_in("beside under behind above along near across beyond towards around past inside")
_FLAVOURS_PER_LABEL = 5
_SHORT_LABEL = 3
_OBJECTS = "letters|reviews|reports|questions|posts|articles|notes|messages|transcripts|summaries|tickets|essays"
_TRAITS = "tone|subject|urgency|intent|author's stance|reading level|audience|purpose|outcome|emotion|origin|topic"


_WORD = re.compile(r"\w+")
_LENGTH = re.compile(r"\b(less than|at least) (\d+)\b")
_CLAUSE = 7  # words
_MOST_CLAUSES = 30


class _Words(NamedTuple):
    common: tuple[str, ...]
    links: tuple[str, ...]
    flavours: tuple[str, ...]


def _without(words: tuple[str, ...], labels: tuple[str, ...]) -> tuple[str, ...]:
    """The words that can't make a label appear; all of them, should none be left."""
    folded = [label.casefold() for label in labels]
    tokens = {token for label in folded for token in label.replace("-", " ").replace("_", " ").split()}
    parts = [label for label in folded if len(label) >= _SHORT_LABEL]
    kept = tuple(word for word in words if word not in tokens and not any(part in word for part in parts))
    return kept or words


@lru_cache(maxsize=4096)
def _words(label: str, labels: tuple[str, ...]) -> _Words:
    pool = _without(_FLAVOURS, labels)
    order = sorted(pool, key=lambda word: hashlib.sha256(f"{label}\x1f{word}".encode()).digest())
    return _Words(_without(_COMMON, labels), _without(_LINKS, labels), tuple(order[:_FLAVOURS_PER_LABEL]))


def flavours(label: str, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The words that turn up in the texts of a label, in each clause one."""
    return _words(label, labels).flavours


def words_of(text: str) -> list[str]:
    """The words of a text, in small letters."""
    return _WORD.findall(text.casefold())


def input_text(own: Sequence[str], labels: tuple[str, ...], text_digest: bytes, prompt: str = "") -> str:
    """Write a text for some labels, as long as the prompt asks.

    Args:
        own: Labels whose flavour words the text has, in its clauses by turns; none for a text that no label fits.
        labels: What the text must not contain.
        text_digest: What the text is a function of, next to the labels.
        prompt: Says how many words the text has; without that, it has 28 to 56.
    """
    common, links, _ = _words("", labels)
    of_labels = [flavours(label, labels) for label in own] or [common]
    picks = stream(text_digest, 1 + 5 * _MOST_CLAUSES)
    clauses = []
    for turn in range(max(_clauses(prompt, 4 + picks[0] % 5), len(own))):
        a, b, link, c, flavour = picks[1 + 5 * turn : 6 + 5 * turn]
        words = of_labels[turn % len(of_labels)]
        clauses.append(
            f"the {common[a % len(common)]} {words[flavour % len(words)]} {links[link % len(links)]} "
            f"the {common[b % len(common)]} {common[c % len(common)]}"
        )
    return ", ".join(clauses).capitalize() + "."


def _clauses(prompt: str, drawn: int) -> int:
    """Number of clauses of seven words: as drawn, unless the prompt asks for another length."""
    asked = _LENGTH.search(prompt)
    if asked is None:
        return drawn
    words = int(asked[2])
    return 1 if asked[1] == "less than" else min(_MOST_CLAUSES, max(drawn, -(-words // _CLAUSE)))


def tasks(text_digest: bytes, number: int = 12) -> list[str]:
    """Think of `number` (at most 12) different classification tasks."""
    objects, traits = _OBJECTS.split("|"), _TRAITS.split("|")
    turn, picks = text_digest[0] % len(traits), stream(text_digest, number)
    return [
        f"Classify {objects[n % len(objects)]} about the {_COMMON[picks[n] % len(_COMMON)]} by their "
        f"{traits[(n + turn) % len(traits)]}."
        for n in range(number)
    ]
