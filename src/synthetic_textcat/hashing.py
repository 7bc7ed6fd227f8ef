"""Hashes and counter-based random draws: the only source of identity and randomness in the project.

A draw is a hash of its key, never a step of a generator's stream. So it does not depend on order, concurrency or
library versions, and one more draw leaves all others unchanged.

Draws over arrays come from streams of 64-bit keys. `key64` is blake2b-64 of a stream's parts, such as seed and task
id; `derived` mixes a key with the key of further names, such as an attribute's. Draw n of a stream is output n of
SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators") seeded with its key.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Keys = NDArray[np.uint64]

_SEPARATOR = "\x1f"
_DRAW_BITS = 53  # a float holds this many bits exactly
_EIGHTHS = struct.Struct(">8Q")
_GOLDEN, _FIRST, _SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
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


def short_id_bytes(parts: Iterable[object], numbers: Iterable[int]) -> Iterator[bytes]:
    """The bytes of `short_id(*parts, number)` for each number."""
    begun = _begun(parts, 10)
    for number in numbers:
        one = begun.copy()
        one.update(b"%d" % number)
        yield one.digest()


def _begun(parts: Iterable[object], digest_size: int) -> "hashlib.blake2b":
    """The hash of parts to which one more is added: a copy of it is begun faster than a new one."""
    return hashlib.blake2b("".join(f"{part}{_SEPARATOR}" for part in parts).encode(), digest_size=digest_size)


def draw(*parts: object) -> float:
    """A uniform draw from [0, 1): a function of the parts alone."""
    digest = hashlib.blake2b(_SEPARATOR.join(map(str, parts)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - _DRAW_BITS)) / (1 << _DRAW_BITS)


def numbered_draws(*parts: object) -> Callable[[int], float]:
    """`draw(*parts, number)` by number, in a third of the time: the hash of the parts is begun once."""
    begun = _begun(parts, 8)

    def drawn(number: int) -> float:
        one = begun.copy()
        one.update(b"%d" % number)
        return (int.from_bytes(one.digest(), "big") >> (64 - _DRAW_BITS)) / (1 << _DRAW_BITS)

    return drawn


def draw_each(parts: Iterable[object], values: Iterable[str]) -> NDArray[np.float64]:
    """`draw(*parts, value)` for each value, in a quarter of the time."""
    begun = _begun(parts, 8)
    digests = []
    for value in values:
        one = begun.copy()
        one.update(value.encode())
        digests.append(one.digest())
    return (np.frombuffer(b"".join(digests), ">u8") >> np.uint64(64 - _DRAW_BITS)) / (1 << _DRAW_BITS)


def draws(*parts: object) -> Iterator[float]:
    """An endless stream of uniform draws from [0, 1); the n-th depends on the parts and n. Eight cost one hash."""
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
    return [options[position] for position in sorted(range(len(options)), key=numbered_draws(*parts))]


def key64(*parts: object) -> int:
    """The key of a stream of draws."""
    return int.from_bytes(hashlib.blake2b(_SEPARATOR.join(map(str, parts)).encode(), digest_size=8).digest(), "big")


def derived(keys: Keys, *names: object) -> Keys:
    """The key of a derived stream, by names, for each key."""
    return derived_by(keys, np.uint64(key64(*names)))


def derived_by(keys: Keys, names: Keys | np.uint64) -> Keys:
    """As `derived`, for names that are given by their `key64`."""
    return _mixed(keys + names)


def random_bits(keys: Keys, places: NDArray[Any]) -> Keys:
    """64 random bits for each key and position in its stream."""
    return _mixed(keys + (places.astype(np.uint64) + np.uint64(1)) * _GOLDEN)


def uniform(keys: Keys, places: NDArray[Any]) -> NDArray[np.float64]:
    """Uniform draws from [0, 1): multiples of 2^-52, so that a product with a total stays below the total."""
    return (random_bits(keys, places) >> np.uint64(12)).astype(np.float64) * 2.0**-52


def _mixed(values: Keys) -> Keys:
    values = (values ^ (values >> np.uint64(30))) * _FIRST
    values = (values ^ (values >> np.uint64(27))) * _SECOND
    return values ^ (values >> np.uint64(31))
