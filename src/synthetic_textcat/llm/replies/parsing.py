"""Parsing of completions: a reply's text becomes the requested object or a failure cause, once per reply.

A row that is valid JSON is read in the caller's thread. Anything else is recovered in one worker thread: the event loop
stays free, and every caller has the same stack depth, which limits a recursive parser. Results are cached, since nodes,
engine and hooks of a run parse the same replies.

The length of a text is limited here, and the work on it by a budget of steps (`work_budget`). Both are counted, not
timed, so that a result is the same on any machine. Nothing is evaluated.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from sys import getsizeof
from threading import Lock
from typing import Any, TypeVar

from pydantic import BaseModel

from synthetic_textcat.llm.journal.lines import MOST_OF_A_REPLY, length_before
from synthetic_textcat.llm.replies.answer_choice import FORMS, LONGEST_DETAIL, choose_answer, value_of
from synthetic_textcat.llm.replies.thoughts import thoughts_in
from synthetic_textcat.schemas.completions import Completion, Problem
from synthetic_textcat.text.unicode import replace_surrogates, single_line

Wanted = TypeVar("Wanted", bound=BaseModel)
Found = TypeVar("Found")

_LONGEST_AT_ONCE = 20_000  # characters that are decoded in a fraction of a millisecond

LARGEST = 64 * 2**20
"""Size of the cache, in estimated bytes: some 50,000 rows of 100 words."""

_OVERHEAD = 700  # bytes of one result in addition to its texts
Result = TypeVar("Result")


class ResultCache:
    """Cache of parsing results; it affects the time only.

    When it is full, the oldest results stay: a journal is read repeatedly from beginning to end, so a cache that evicts
    the oldest would evict each result just before its next use. A costly result replaces cheap ones.

    Attributes:
        lock: Must be held for every access.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self.lock = Lock()
        self._room = largest
        self._cheap: dict[bytes, BaseModel | Problem] = {}
        self._costly: dict[bytes, BaseModel | Problem] = {}

    def __len__(self) -> int:
        return len(self._cheap) + len(self._costly)

    def get(self, key: bytes) -> Any:
        """The cached result, else None."""
        return self._cheap.get(key) or self._costly.get(key)

    def keep(self, key: bytes, result: BaseModel | Problem, is_costly: bool) -> None:
        """Caches a new result, if there is room or cheap results can be evicted."""
        size = _size_of(result)
        while is_costly and self._room < size and self._cheap:
            self._room += _size_of(self._cheap.popitem()[1])
        if self._room >= size:
            self._room -= size
            (self._costly if is_costly else self._cheap)[key] = result


def _size_of(result: BaseModel | Problem) -> int:
    size = _OVERHEAD
    for value in result if isinstance(result, Problem) else result.__dict__.values():
        size += getsizeof(value) if isinstance(value, str) else _texts_size(value)
    return size


def _texts_size(value: Any) -> int:
    if isinstance(value, str):
        return getsizeof(value)
    if isinstance(value, BaseModel):
        return _size_of(value)
    return sum(map(_texts_size, value)) if isinstance(value, list | tuple) else 0


_cache = ResultCache()


class WorkerThread:
    """Single worker thread: runs functions one at a time, each on the same shallow stack.

    One thread, since several would take the interpreter's lock from the event loop more often, and be no faster.

    Args:
        name: Name of the thread, which the first call starts.
    """

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    def call(self, function: Callable[..., Result], *args: Any) -> Result:
        """The function's result; blocks until it is done."""
        try:
            future = self._pool.submit(function, *args)
        except RuntimeError:  # the interpreter is shutting down and accepts no more work
            return function(*args)
        return future.result()

    async def call_off_loop(self, function: Callable[..., Result], *args: Any) -> Result:
        """Calls the function in the thread, without blocking the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: function(*args))


_worker = WorkerThread("reply-recovery")


def parse(completion: Completion, wanted: type[Wanted]) -> Wanted | Problem:
    """The requested object of a reply, recovered if necessary, or its problem.

    May block until the worker thread is free; on an event loop use `parse_off_loop`.
    """
    at_once = _at_once(completion, wanted)
    result = _worker.call(_recovered_and_cached, *_asked(completion, wanted)) if at_once is None else at_once
    return _with_limit(result, completion)


def parse_all(completions: Sequence[Completion], wanted: type[Wanted]) -> list[Wanted | Problem]:
    """The results of several replies, recovered in one visit to the worker thread."""
    found = [_at_once(completion, wanted) for completion in completions]
    left = [_asked(completion, wanted) for completion, result in zip(completions, found, strict=True) if result is None]
    recovered = iter(_worker.call(_all_recovered, left) if left else ())
    results = (next(recovered) if result is None else result for result in found)
    return [_with_limit(result, each) for result, each in zip(results, completions, strict=True)]


async def parse_off_loop(completion: Completion, wanted: type[Wanted]) -> Wanted | Problem:
    """Parses a reply without blocking the event loop."""
    at_once = _at_once(completion, wanted)
    if at_once is not None:
        return _with_limit(at_once, completion)
    result = await _worker.call_off_loop(_recovered_and_cached, *_asked(completion, wanted))
    return _with_limit(result, completion)


def _with_limit(result: Wanted | Problem, completion: Completion) -> Wanted | Problem:
    """The result; of a truncated reply with the limit that cut it, ours or the server's own."""
    if not isinstance(result, Problem) or result.cause != "truncated":
        return result
    what, limit, written = result.detail, completion.max_tokens, completion.completion_tokens
    if not completion.is_cut_by_server:
        return Problem("truncated", f"{what}; it was {limit:,}: raise llm.max_tokens")
    ours = "set none" if limit is None else f"is {limit:,}, of which {written:,} were written"
    return Problem("truncated", f"{what}; it is the server's own, such as its context size: llm.max_tokens {ours}")


def _asked(completion: Completion, wanted: type[Wanted]) -> tuple[str, type[Wanted], bool]:
    return completion.raw_text, wanted, completion.finish_reason == "length"


def _at_once(completion: Completion, wanted: type[Wanted]) -> Wanted | Problem | None:
    """The result if it is cached, needs no reading, or takes well under a millisecond; else None."""
    if not completion.replied:
        return Problem(completion.status, str(replace_surrogates(completion.error or "")))
    if completion.refusal:
        return Problem("refused", str(replace_surrogates(str(completion.refusal)[:LONGEST_DETAIL])))
    if completion.finish_reason == "content_filter":
        said = f": {replace_surrogates(completion.error[:LONGEST_DETAIL])}" if completion.error else ""
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


def _recovered_and_cached(text: str, wanted: type[Wanted], cut: bool) -> Wanted | Problem:
    """Recovers a reply in the worker thread; one at a time, so that concurrent requests recover it only once."""
    key = key_of(text, wanted, cut)
    with _cache.lock:
        result: Wanted | Problem | None = _cache.get(key)
    if result is None:
        result = read(text, wanted, cut)
        with _cache.lock:
            _cache.keep(key, result, is_costly=True)
    return result


def _all_recovered(asked: Iterable[tuple[str, type[Wanted], bool]]) -> list[Wanted | Problem]:
    return [_recovered_and_cached(*each) for each in asked]


def read(text: str, wanted: type[Wanted], cut: bool) -> Wanted | Problem:
    """The object in a text, recovered if necessary, or its problem.

    Args:
        text: The reply.
        wanted: The model of the reply.
        cut: Whether the reply was cut at the token limit.
    """
    return too_long(text) or _with_truncation(_guarded(choose_answer, text, wanted, cut), text, cut)


def too_long(text: str) -> Problem | None:
    """The problem of a text that has too many characters to be read, else None."""
    if len(text) <= MOST_OF_A_REPLY:
        return None
    length = length_before(text) or len(text)
    return Problem("schema_violation", f"the reply has {length:,} characters; at most {MOST_OF_A_REPLY:,} are read")


def read_at_once(text: str, wanted: type[Wanted], cut: bool) -> Wanted | Problem | None:
    """Reads a row that takes well under a millisecond, being valid JSON or without any JSON; None for others."""
    if wanted in FORMS or len(text) > _LONGEST_AT_ONCE:
        return None
    found = _guarded(lambda text, wanted, _: value_of(text, wanted), text, wanted, cut)
    return None if found is None else _with_truncation(found, text, cut)


def _with_truncation(found: Wanted | Problem, text: str, cut: bool) -> Wanted | Problem:
    if not cut or not isinstance(found, Problem):
        return found
    within = " within the model's thoughts" if thoughts_in(text).reopened < len(text) else ""
    return Problem("truncated", f"the reply was cut at the token limit{within}")


def _guarded(step: Callable[..., Found], text: str, wanted: type[BaseModel], cut: bool) -> Found | Problem:
    """Runs a parsing step on untrusted text; any exception becomes a failure cause with its message."""
    try:
        return step(text, wanted, cut)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of pydantic's core is no Exception
        words = replace_surrogates(single_line(f"{type(error).__name__}: {error}"))
        return Problem("invalid_json", f"the reply broke the parser: {words}"[:LONGEST_DETAIL])


def key_of(text: str, wanted: type[BaseModel], cut: bool) -> bytes:
    """Digest of all inputs of a result."""
    of = f"{wanted.__module__}.{wanted.__qualname__} {cut:d} "
    return blake2b(of.encode() + text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
