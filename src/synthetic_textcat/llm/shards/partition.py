"""Partition of a plan into shards by hash range of the request id, and the names of a shard's files.

A row's shard depends on its id and the number of shards alone: never on the order of the plan, its length or the
workers. The number of shards is part of each file's name, so that a run with another number knows whose files they are.
"""

import os
import platform
import re
import secrets
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_SHARDS = 99_999
"""Five digits in the names of files."""

ANY_FENCE = "shard-*.owner"

_DIGITS = 8
"""Hex digits of the request id that place a row: 32 bits, as evenly distributed as the hash is."""

_NAME = re.compile(r"shard-(\d{5})\.(of(\d{1,5})-[\w-]+)(?:~\d{6})?\.jsonl")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")


def shards_of(request_ids: Iterable[str], shards: int) -> NDArray[np.int64]:
    """Number of the shard of each row, from 0: its first 32 bits as a share of all, times the number of shards."""
    digits = "".join(request_id[:_DIGITS] for request_id in request_ids)
    places = np.frombuffer(bytes.fromhex(digits), ">u4").astype(np.uint64)
    return (places * np.uint64(shards) >> np.uint64(32)).astype(np.int64)


def journal_name(shard: int, owner: str) -> str:
    """Name of a shard's journal file that this owner alone appends to."""
    return f"shard-{shard:05}.{owner}.jsonl"


def fence_name(shard: int) -> str:
    """Name of the file that holds the token of a shard's owner."""
    return f"shard-{shard:05}.owner"


def new_owner(shards: int) -> str:
    """A token that no other owner has: number of shards, host, process, and 32 random bits."""
    host = _NOT_IN_NAMES.sub("-", platform.node() or "host")[:40]
    return f"of{shards}-{host}-{os.getpid()}-{secrets.token_hex(4)}"


class ShardFile(NamedTuple):
    """Shard and owner in the name of a journal file.

    Attributes:
        shard: Number of the shard.
        shards: Number of shards in the run that wrote it.
        owner: Token of its writer.
    """

    shard: int
    shards: int
    owner: str

    @classmethod
    def of(cls, name: str) -> "ShardFile | None":
        """The parts of a name; None for another file."""
        found = _NAME.fullmatch(name)
        return None if found is None else cls(int(found[1]), int(found[3]), found[2])


def default_shards(slots: int, rows: int) -> int:
    """Number of shards for a cluster: up to 32 a worker, of at least 500 rows, but at least one a worker.

    Args:
        slots: Shards that the cluster runs at once.
        rows: Rows to ask for.
    """
    return max(1, min(_SHARDS_A_WORKER * slots, max(slots, rows // _FEWEST_ROWS), rows, MOST_SHARDS))


_SHARDS_A_WORKER = 32
"""Between 20 and 50: few enough that starting one costs little, many enough that the last one ends soon."""

_FEWEST_ROWS = 500
"""Rows of a shard, where there are enough: its first and last calls leave the worker partly idle."""
