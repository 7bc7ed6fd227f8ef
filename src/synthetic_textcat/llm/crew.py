"""N workers on one event loop: each takes a call, asks until the row is settled, and hands on every completion."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic

from synthetic_textcat.errors import BadRequestError, FatalAnswerError, TransportError, UnreachableError, redact
from synthetic_textcat.llm.answers import Answer
from synthetic_textcat.llm.calls import Call, Manner
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.first_replies import FirstReplies
from synthetic_textcat.llm.messages import Messages, messages_sha256
from synthetic_textcat.schemas.completions import REPLIED, Completion


class Crew:
    """The workers. All of its methods run on the event loop.

    The first call goes alone: if no server is there, or the key or the model is wrong, nothing more is asked.
    """

    def __init__(self, chat: Chat, calls: Iterator[Call], manner: Manner, size: int) -> None:
        self._chat = chat
        self._calls = calls
        self._manner = manner
        self._first_replies = FirstReplies(watch=manner.untried)
        self._arrivals: list[Completion] = []
        self._most_waiting = max(256, 4 * size)
        self._room = asyncio.Event()
        self._room.set()
        self._wake = asyncio.Event()
        self._proven = asyncio.Event()
        self._stopping = False
        self._error: Exception | None = None
        self._at_work = size
        self._workers = [asyncio.create_task(self._work(first=number == 0)) for number in range(size)]

    async def arrived(self, window_s: float) -> list[Completion] | None:
        """What arrives within the window, sooner if it is full; None when all is done and handed over.

        Raises:
            FatalAnswerError: After a fatal answer, when all that was in flight has been handed over.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), window_s)
        batch = self._hand_over()
        if batch or self._at_work:
            return batch
        if self._error is not None:
            raise self._error
        return None

    async def stop(self) -> list[Completion]:
        """Ends the workers; gives back what had arrived. Calls in flight are given up."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._chat.close()
        return self._hand_over()

    def _hand_over(self) -> list[Completion]:
        batch, self._arrivals = self._arrivals, []
        if self._at_work:
            self._wake.clear()
        self._room.set()
        return batch

    async def _take_in(self, completion: Completion) -> None:
        """Keeps a completion for the next batch; waits where the reader can't keep up, so that memory stays flat."""
        self._arrivals.append(completion)
        if len(self._arrivals) >= self._most_waiting:
            self._room.clear()
            self._wake.set()
        await self._room.wait()

    async def _work(self, first: bool) -> None:
        try:
            if not first:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._proven.wait(), _PATIENCE_S)
            while not self._stopping and (call := next(self._calls, None)) is not None:
                await self._settle(call)
        except Exception as error:
            self._error = self._error or error
            self._stopping = True
            raise
        finally:
            self._at_work -= 1
            self._proven.set()
            if not self._at_work:
                self._wake.set()

    async def _settle(self, call: Call) -> None:
        """Asks until a reply is good, the attempts are used up, or no reply comes."""
        past = list(call.past)
        while not self._stopping and len(past) < self._manner.max_attempts:
            messages = call.messages
            for completion, problem in past:
                messages = self._manner.ask_again(messages, completion.raw_text, problem)
            completion = await self._ask(call, messages, attempt=len(past) + 1)
            await self._take_in(completion)
            self._proven.set()
            wrong = self._manner.judge(completion)
            self._first_replies.note(completion, wrong)
            if wrong is None or not completion.replied:
                return
            past.append((completion, wrong))

    async def _ask(self, call: Call, messages: Messages, attempt: int) -> Completion:
        begun = monotonic()
        answer, status, error = _NO_ANSWER, REPLIED, None
        try:
            answer = await self._chat.ask(messages, call.schema, call.seed)
        except UnreachableError as failure:
            if not self._proven.is_set():
                raise FatalAnswerError(
                    f"No server answers: {failure}. Next: start it, or set OPENAI_BASE_URL to its address"
                ) from None
            status, error = failure.cause, redact(str(failure))
        except TransportError as failure:
            status, error = failure.cause, redact(str(failure))
        except BadRequestError as failure:
            if attempt == 1 and not self._proven.is_set():
                raise
            status, error = "server_error", redact(str(failure))
        return Completion(
            fingerprint=call.fingerprint,
            request_id=call.request_id,
            attempt=attempt,
            run_id=self._manner.run_id,
            status=status,
            raw_text=answer.raw_text,
            refusal=answer.refusal,
            finish_reason=answer.finish_reason,
            prompt_tokens=answer.prompt_tokens,
            cached_tokens=answer.cached_tokens,
            completion_tokens=answer.completion_tokens,
            latency_s=round(monotonic() - begun, 4),
            model_name=answer.model_name,
            prompt_sha256=messages_sha256(messages),
            error=error,
            created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )


_PATIENCE_S = 15.0
"""How long the others wait for the first call: long enough to hear of a wrong key."""

_NO_ANSWER = Answer("", None, None, None, None, None, None)
