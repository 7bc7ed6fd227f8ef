"""A bounded cache of what replies hold, shared by threads: engine, hooks and nodes of a run read the same replies."""

from hashlib import blake2b
from sys import getsizeof
from threading import Lock
from typing import Any

from pydantic import BaseModel

from synthetic_textcat.schemas.replies import Problem

LARGEST = 64 * 2**20
"""Bytes, as near as can be told cheaply: some 50,000 rows of 100 words."""

_OVERHEAD = 700  # bytes of one result beside its texts


def key_of(text: str, wanted: type[BaseModel], cut: bool) -> bytes:
    """A digest of all that a result depends on."""
    of = f"{wanted.__module__}.{wanted.__qualname__} {cut:d} "
    return blake2b(of.encode() + text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class ResultCache:
    """Results by key. To have one or not changes nothing but the time that it takes.

    When it is full, what came first stays: a journal is read from its beginning to its end, again and again, and a
    cache that forgets the oldest would forget each result just before it is asked for. A costly result takes the place
    of cheap ones.

    Attributes:
        lock: To be held while anything is done with the cache.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self.lock = Lock()
        self._room = largest
        self._cheap: dict[bytes, BaseModel | Problem] = {}
        self._costly: dict[bytes, BaseModel | Problem] = {}

    def __len__(self) -> int:
        return len(self._cheap) + len(self._costly)

    def get(self, key: bytes) -> Any:
        """The result, or None."""
        return self._cheap.get(key) or self._costly.get(key)

    def keep(self, key: bytes, result: BaseModel | Problem, is_costly: bool) -> None:
        """Keeps a result that is not kept yet, if there is room, or room can be made."""
        size = _size_of(result)
        while is_costly and self._room < size and self._cheap:
            self._room += _size_of(self._cheap.popitem()[1])
        if self._room >= size:
            self._room -= size
            (self._costly if is_costly else self._cheap)[key] = result


def _size_of(result: BaseModel | Problem) -> int:
    return _OVERHEAD + _texts_size(result if isinstance(result, Problem) else list(result.__dict__.values()))


def _texts_size(value: Any) -> int:
    if isinstance(value, str):
        return getsizeof(value)
    if isinstance(value, BaseModel):
        return _size_of(value)
    return sum(map(_texts_size, value)) if isinstance(value, list | tuple) else 0
