"""Hashes and counter-based random draws: the only source of identity and randomness in the project.

A draw is a hash of its key, never a step of a generator's stream. So it does not depend on order, concurrency or
library versions, and one more draw leaves all others unchanged.
"""

import hashlib
import json
import struct
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")

_SEPARATOR = "\x1f"
_DRAW_BITS = 53  # a float holds this many bits exactly
_EIGHTHS = struct.Struct(">8Q")
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def canonical_json(value: Any) -> str:
    """Canonical JSON of a value: sorted keys, no spaces, ASCII only; equal values have equal texts."""
    return _ENCODER.encode(value)


def sha256_of(value: Any) -> str:
    """Hex sha256 of the canonical JSON of `value` (64 characters)."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def short_id(*parts: object) -> str:
    """A 20-character hex id of the parts: 80 bits, so that a billion ids do not collide in practice."""
    return hashlib.blake2b(_SEPARATOR.join(map(str, parts)).encode(), digest_size=10).hexdigest()


def draw(*parts: object) -> float:
    """A uniform draw from [0, 1): a function of the parts alone."""
    digest = hashlib.blake2b(_SEPARATOR.join(map(str, parts)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - _DRAW_BITS)) / (1 << _DRAW_BITS)


def draws(*parts: object) -> Iterator[float]:
    """An endless stream of uniform draws from [0, 1): the n-th is a function of the parts and n; eight cost one hash."""
    stem = _SEPARATOR.join(map(str, parts)).encode()
    for number in count():
        for eighth in _EIGHTHS.unpack(hashlib.blake2b(b"%b%d" % (stem, number)).digest()):
            yield (eighth >> (64 - _DRAW_BITS)) / (1 << _DRAW_BITS)


def draw_int(bits: int, *parts: object) -> int:
    """A uniform draw of a non-negative integer of at most `bits` bits (53 or fewer)."""
    return int(draw(*parts) * (1 << bits))


def pick(options: Sequence[T], *parts: object) -> T:
    """A uniform choice among the options, as a function of the parts."""
    return options[int(draw(*parts) * len(options))]


def shuffled(options: Sequence[T], *parts: object) -> list[T]:
    """The options shuffled, as a function of the parts."""
    order = sorted(range(len(options)), key=lambda position: draw(*parts, position))
    return [options[position] for position in order]
