"""Tasks as the scheduler sees them: it unpickles functions and arguments, and imports what they need.

So both are light: settings and shards are bytes, chunks of work are names of files, and the worker's side is imported
in the worker. With all of the package the scheduler takes 210 MB, without it 64 MB.
"""

import pickle
from typing import Any


def packed(value: object) -> bytes:
    """Settings or a shard, as the scheduler keeps them: they are the run's own, and hold nothing that a model wrote."""
    return pickle.dumps(value)


def same(settings: bytes) -> bytes:
    """The settings as a task's result, which Dask gives to each worker once."""
    return settings


def run(settings: bytes, task: bytes) -> Any:
    """Runs a shard in a worker."""
    from synthetic_textcat.fleet.worker_side import work

    return work(pickle.loads(settings), pickle.loads(task))  # noqa: S301  packed by the driver


def run_chunk(place: str, key: bytes, work: str, chunk: str) -> bool:
    """Runs a chunk of work in a worker, which writes the results; whether they are results, or else an error.

    Args:
        place: Where the work files are.
        key: With which they are signed.
        work: Name of the file with the function.
        chunk: Name of the chunk.
    """
    from synthetic_textcat.fleet.chunk_work import results_written

    return results_written(place, key, work, chunk)
