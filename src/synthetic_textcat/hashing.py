"""Hashes and hash draws: the only source of identity and of chance in the project.

A draw is a hash of what it is for, never a step of a random generator's stream. So it does not depend on order,
concurrency or library versions, and drawing one thing more leaves all other draws as they were.
"""

import hashlib
import json
import struct
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")

_SEPARATOR = "\x1f"
_DRAW_BITS = 53  # what a float holds exactly
_EIGHTHS = struct.Struct(">8Q")
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, ASCII only, so that its hash means the value."""
    return _ENCODER.encode(value)


def sha256_of(value: Any) -> str:
    """Hex sha256 of the canonical JSON of `value` (64 characters)."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def short_id(*parts: object) -> str:
    """A 20-character hex id of the parts: 80 bits, so a billion ids still do not collide in practice."""
    return hashlib.blake2b(_SEPARATOR.join(map(str, parts)).encode(), digest_size=10).hexdigest()


def draw(*parts: object) -> float:
    """An even draw from [0, 1) that is a function of the parts alone."""
    digest = hashlib.blake2b(_SEPARATOR.join(map(str, parts)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - _DRAW_BITS)) / (1 << _DRAW_BITS)


def draws(*parts: object) -> Iterator[float]:
    """Even draws from [0, 1) without end: the n-th is a function of the parts and n. Eight cost one hash."""
    stem = _SEPARATOR.join(map(str, parts)).encode()
    for number in count():
        for eighth in _EIGHTHS.unpack(hashlib.blake2b(b"%b%d" % (stem, number)).digest()):
            yield (eighth >> (64 - _DRAW_BITS)) / (1 << _DRAW_BITS)


def draw_int(bits: int, *parts: object) -> int:
    """An even draw of a non-negative integer of at most `bits` bits (53 or fewer)."""
    return int(draw(*parts) * (1 << bits))


def pick(options: Sequence[T], *parts: object) -> T:
    """One of the options, with even odds, as a function of the parts."""
    return options[int(draw(*parts) * len(options))]


def shuffled(options: Sequence[T], *parts: object) -> list[T]:
    """The options in an order that is a function of the parts."""
    order = sorted(range(len(options)), key=lambda position: draw(*parts, position))
    return [options[position] for position in order]
