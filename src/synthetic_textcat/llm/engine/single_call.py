"""A single model call: from messages to a completion, within a deadline; and the billing of calls without an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import monotonic
from typing import NamedTuple, TypeVar

from synthetic_textcat.errors import BadRequestError, FatalAnswerError, TextcatError, TransportError, UnreachableError
from synthetic_textcat.llm.calls.policy import Attempt, Call, CallPolicy
from synthetic_textcat.llm.chat_models.answers import NO_ANSWER, NOT_WORKED_ON, Answer
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.journal.lines import MOST_OF_A_REPLY, bounded
from synthetic_textcat.llm.prompts.messages import messages_sha256
from synthetic_textcat.llm.providers.client_exceptions import read_exception
from synthetic_textcat.llm.providers.transport_errors import line_of
from synthetic_textcat.llm.replies.parsing import WorkerThread
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.completions import REPLIED, Completion
from synthetic_textcat.schemas.outcomes import TOO_LONG, TOO_LONG_ADVICE

_worker = WorkerThread("reply-masking")

_FREE_STATUSES = {401, 403, 404, 409, 421, 425, 429, 500, 501, 503, 521, 522, 523, 529}
"""HTTP statuses of calls that are not billed, since no model processed them.

Excluded, since providers bill for them or may do so (docs/costs.md has the sources): a bad or blocked request (400,
413, 422), a timeout (408), gateway errors for a server that broke off or was too slow (499, 502, 504, 520, 524), and
an unreadable body with status 200.
"""

_OK = 200
_PAGES = ("html", "xml")
"""Bodies that no model has written; a stream, or JSON of another form, may be a reply that is billed."""

_ABANDONED = TransportError("connection_error", "the run ended before the reply came")

Result = TypeVar("Result")

_SEEDS = 2**31
"""Number of seeds: those of rows have 31 bits, as some servers demand."""

_TICKS_A_DEADLINE = 20
_LONGEST_TICK_S = 1.0


class CallResult(NamedTuple):
    """Result of a call.

    Attributes:
        completion: Its journal line.
        may_retry: Whether the same call may get a reply if it is repeated.
        retry_after_s: Seconds that the server asks to wait; None if it does not say.
    """

    completion: Completion
    may_retry: bool = False
    retry_after_s: float | None = None

    @property
    def shows_server(self) -> bool:
        """Whether the call shows that the server is up: it replied, or refused this request."""
        return self.completion.replied or not self.may_retry

    @property
    def refusal(self) -> str:
        """The server's words, with advice, if it refused this request and would refuse it again; else empty."""
        if self.completion.replied or self.may_retry:
            return ""
        advice = f". Next: {TOO_LONG_ADVICE}" if self.completion.status == TOO_LONG else ""
        return f"{self.completion.error}{advice}"


class ModelCaller:
    """Caller of the model that turns exceptions into completions; belongs to one event loop.

    Args:
        chat: The model.
        policy: The policy of the run.
        proven: Whether a call of this run has ended, which shows that a server exists; a bad request then fails its
            row only.
        answered: Whether a call of this run got an answer, which shows that the address is right.

    Attributes:
        abandoned: Journal lines of calls that were cancelled in flight, for example by an interrupt: the server may
            bill for them.
    """

    def __init__(
        self, chat: Chat, policy: CallPolicy, proven: Callable[[], bool], answered: Callable[[], bool]
    ) -> None:
        self._chat = chat
        self._policy = policy
        self._proven = proven
        self._answered = answered
        self._deadlines = Deadlines(policy.deadline_s)
        self.abandoned: list[Completion] = []

    def close(self) -> None:
        """Stops the deadline watcher."""
        self._deadlines.close()

    @property
    def open_calls(self) -> tuple[int, float]:
        """Calls in flight, and the age of the oldest in seconds."""
        return self._deadlines.running

    async def ask(self, call: Call, attempt: Attempt, number: int = 1) -> CallResult:
        """Makes one call. Any exception of a model class counts as the failure of this call.

        Args:
            call: The row; if an earlier reply of its kind was good, a bad request fails this row only.
            attempt: The conversation so far.
            number: Number of this call for the attempt, from 1.

        Raises:
            TextcatError: If every further call would fail in the same way.
        """
        begun = monotonic()
        answer = NO_ANSWER
        failure: TransportError | None = None
        try:
            answer = await self._answer(call, attempt)
        except asyncio.CancelledError:
            self.abandoned.append(self._line(call, attempt, number, begun, NO_ANSWER, _ABANDONED))
            raise
        except UnreachableError as error:
            if not self._proven():
                raise FatalAnswerError(str(error)) from None
            failure, answer = error, answer_of_failure(error)
        except TransportError as error:
            failure, answer = error, answer_of_failure(error)
        except BadRequestError as error:
            if call.untried and attempt.number == 1 and not self._proven():
                raise
            failure, answer = TransportError("server_error", str(error), retryable=False), answer_of_failure(error)
        of_line = (call, attempt, number, begun, answer, failure)
        # To mask and hash a reply of megabytes takes up to a quarter of a second: the other calls must not wait for it.
        is_long = len(answer.raw_text) > MOST_OF_A_REPLY
        completion = await _worker.call_off_loop(self._line, *of_line) if is_long else self._line(*of_line)
        return (
            CallResult(completion)
            if failure is None
            else CallResult(completion, failure.retryable, failure.retry_after_s)
        )

    def _line(
        self, call: Call, attempt: Attempt, number: int, begun: float, answer: Answer, failure: TransportError | None
    ) -> Completion:
        """The journal line of a call that has ended; with an upper bound of its tokens if their number is unknown."""
        is_counted = None not in (answer.usage.prompt, answer.usage.completion)
        bound = None if is_counted else self._policy.budget.bound(attempt.messages, call.schema, attempt.max_tokens)
        return bounded(
            Completion(
                fingerprint=call.fingerprint,
                request_id=call.request_id,
                attempt=attempt.number,
                call=number,
                run_id=self._policy.run_id,
                status=REPLIED if failure is None else failure.cause,
                raw_text=answer.raw_text,
                refusal=answer.refusal,
                finish_reason=answer.finish_reason,
                prompt_tokens=answer.usage.prompt,
                cached_tokens=answer.usage.cached,
                completion_tokens=answer.usage.completion,
                latency_s=round(monotonic() - begun, 4),
                model_name=answer.model_name,
                prompt_sha256=messages_sha256(attempt.messages),
                error=answer.error if failure is None else redact(failure.says(self._answered())),
                created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                prompt_tokens_at_most=bound and bound.prompt,
                completion_tokens_at_most=bound and bound.completion,
                max_tokens=attempt.max_tokens,
            )
        )

    async def _answer(self, call: Call, attempt: Attempt) -> Answer:
        """The answer, or one of our exceptions, before the deadline.

        A BaseException of the client (an exit, its own cancellation) would silently end a worker or the event loop, so
        it becomes an error too. External cancellation, and the end of this coroutine, pass through.
        """
        try:
            return await self._deadlines.within(
                self._chat.ask(attempt.messages, call.schema, seed_of(call, attempt), attempt.max_tokens)
            )
        except TimeoutError:
            raise TransportError(
                "timeout", f"no whole reply within {self._deadlines.seconds:g} s, the timeout of llm"
            ) from None
        except (TransportError, TextcatError):
            raise
        except BaseException as error:
            if _is_from_outside(error):
                raise
            raise TransportError("server_error", f"{type(error).__name__}: {line_of(error)}") from None


def seed_of(call: Call, attempt: Attempt) -> int:
    """The row's seed; another one for a retry that asks as the first attempt did, which would get the same reply."""
    is_repeated = attempt.number > 1 and len(attempt.messages) == len(call.messages)
    return (call.seed + attempt.number - 1) % _SEEDS if is_repeated else call.seed


def _is_from_outside(error: BaseException) -> bool:
    """Whether the engine cancels this call, or the interpreter disposes of the coroutine after the loop's end."""
    if not isinstance(error, asyncio.CancelledError | GeneratorExit):
        return False
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no loop is running
        return True
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def answer_of_failure(failure: Exception) -> Answer:
    """An empty answer with the tokens billed: none if certainly no model processed the call, else unknown."""
    rate_limited = getattr(failure, "cause", None) == "rate_limited"
    source = failure.__cause__
    read = None if source is None or source is failure else read_exception(source)
    status = None if read is None else read.http_status
    may_be_a_reply = status == _OK and read is not None and read.signs.body not in _PAGES
    never_sent = isinstance(failure, UnreachableError) and not may_be_a_reply
    return NOT_WORKED_ON if never_sent or rate_limited or status in _FREE_STATUSES else NO_ANSWER


class Deadlines:
    """Deadline of calls, enforced to within a second; belongs to one event loop.

    A client's own timeout counts from one byte to the next, so a slow stream never ends. Cancelling a call closes its
    connection.

    Args:
        seconds: Seconds that a call may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._due: dict[asyncio.Task[object], float] = {}
        self._expired: set[asyncio.Task[object]] = set()
        self._loop = asyncio.get_running_loop()
        self._watch = self._loop.create_task(self._cancel_late_ones())

    @property
    def running(self) -> tuple[int, float]:
        """Number of running calls, and the age of the oldest in seconds; 0 without any."""
        due = next(iter(self._due.values()), None)  # in the order in which they began
        return len(self._due), 0.0 if due is None else self._loop.time() - (due - self.seconds)

    async def within(self, call: Awaitable[Result]) -> Result:
        """The result of a call.

        Raises:
            TimeoutError: If it took too long.
        """
        task = asyncio.current_task(self._loop)
        assert task is not None
        self._due[task] = self._loop.time() + self.seconds
        try:
            return await call
        except asyncio.CancelledError:
            if task in self._expired:
                self._expired.discard(task)
                if not task.uncancel():  # else the engine has cancelled it too
                    raise TimeoutError from None
            raise
        finally:
            del self._due[task]
            if task in self._expired:  # the call ended although it was cancelled
                self._expired.discard(task)
                task.uncancel()

    def close(self) -> None:
        """Stops watching."""
        self._watch.cancel()

    async def _cancel_late_ones(self) -> None:
        while True:
            await asyncio.sleep(min(_LONGEST_TICK_S, self.seconds / _TICKS_A_DEADLINE))
            now = self._loop.time()
            for task in [task for task, due in self._due.items() if due <= now]:
                if task not in self._expired:
                    self._expired.add(task)
                    task.cancel()
