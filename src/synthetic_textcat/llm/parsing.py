"""From a completion to the object that was asked for, or to the failure cause; each reply is read once.

A row that is whole JSON is read in the caller's thread. Anything else is recovered in one worker thread: the event loop
stays free, and the stack, on whose depth the patience of a recursive parser depends, is the same for every caller.
Results are kept, since the nodes, the engine and the hooks of a run ask for the same ones.
"""

from typing import TypeVar

from pydantic import BaseModel

from synthetic_textcat.llm.reading import LONGEST_DETAIL, read, read_at_once, too_long
from synthetic_textcat.llm.result_cache import ResultCache, key_of
from synthetic_textcat.llm.worker_thread import WorkerThread
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Problem
from synthetic_textcat.text.unicode_unicode import speakable

Wanted = TypeVar("Wanted", bound=BaseModel)

_cache = ResultCache()
_worker = WorkerThread("reply-recovery")


def parse(completion: Completion, wanted: type[Wanted]) -> Wanted | Problem:
    """What a reply holds: the wanted object, recovered if need be, or the failure cause with its words.

    It may wait for the worker thread; on an event loop use `parse_off_loop`.
    """
    result = _at_once(completion, wanted)
    return _worker.call(_recovered, *_asked(completion, wanted)) if result is None else result


async def parse_off_loop(completion: Completion, wanted: type[Wanted]) -> Wanted | Problem:
    """The same for an event loop, which runs on meanwhile."""
    result = _at_once(completion, wanted)
    return await _worker.call_off_loop(_recovered, *_asked(completion, wanted)) if result is None else result


def _asked(completion: Completion, wanted: type[Wanted]) -> tuple[str, type[Wanted], bool]:
    return completion.raw_text, wanted, completion.finish_reason == "length"


def _at_once(completion: Completion, wanted: type[Wanted]) -> Wanted | Problem | None:
    """The result where there is nothing to read, it is known, or it is found in well under a millisecond; else None."""
    if not completion.replied:
        return Problem(completion.status, str(speakable(completion.error or "")))
    if completion.refusal:
        return Problem("refused", str(speakable(str(completion.refusal)[:LONGEST_DETAIL])))
    if completion.finish_reason == "content_filter":
        said = f": {speakable(completion.error[:LONGEST_DETAIL])}" if completion.error else ""
        return Problem("content_filtered", f"the server's content filter stopped the reply{said}")
    if (problem := too_long(completion.raw_text)) is not None:
        return problem
    asked = _asked(completion, wanted)
    key = key_of(*asked)
    with _cache.lock:
        result: Wanted | Problem | None = _cache.get(key)
        if result is None:
            result = read_at_once(*asked)
            if result is not None:
                _cache.keep(key, result, is_costly=False)
    return result


def _recovered(text: str, wanted: type[Wanted], cut: bool) -> Wanted | Problem:
    """In the worker thread, one reply after the other: what is asked for twice at a time is recovered once."""
    key = key_of(text, wanted, cut)
    with _cache.lock:
        result: Wanted | Problem | None = _cache.get(key)
    if result is None:
        result = read(text, wanted, cut)
        with _cache.lock:
            _cache.keep(key, result, is_costly=True)
    return result
