"""Batches of Anthropic: Message Batches, by the SDK on which LangChain's ChatAnthropic is built.

Limits by platform.claude.com/docs/en/build-with-claude/batch-processing, 2026-11: 100,000 requests or 256 MB in a
batch, 24 hours, results for 29 days. There is no file to upload: requests go along with the creation. There is no limit
of enqueued tokens, but of enqueued requests: beyond it the creation is refused with 429.

A batch has no metadata. A batch that a crash left without an id is identified by its time, its number of requests and,
once it has ended, by the `custom_id`s of its results.
"""

from collections.abc import Collection, Generator, Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from typing import IO, Any

from synthetic_textcat.errors import BatchError
from synthetic_textcat.llm.batches.service import BatchLimits, BatchState, MissingResultsError, Orphan, ResultLine
from synthetic_textcat.llm.batches.transfers import (
    CLOCKS_DIFFER_S,
    OK,
    TRANSFER_S,
    answer_of_error,
    ascii_line,
    lines_of,
    our_errors,
    poll_after_s,
    refuse_no_batches,
    value_of_line,
)
from synthetic_textcat.llm.calls.policy import Attempt, Call
from synthetic_textcat.llm.chat_models.answers import Answer, read_answer
from synthetic_textcat.llm.chat_models.chat import LangChainAdapter, set_by
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.schemas.parameters import LlmParameters

LIMITS = BatchLimits(requests=100_000, size_bytes=256_000_000, enqueued_tokens=10**15)

_PATH = "/v1/messages/batches"
_HEAD, _BETWEEN, _TAIL = b'{"requests":[', b",", b"]}"
_CREATED_WITHIN_S = 7_200.0
"""Longest time from the intent to the creation: an upload and its retries."""

_OF_ONE_REQUEST = ("betas", "extra_headers", "extra_query")
"""Arguments of the SDK's method that are no part of a body."""

_NOT_MADE = ("expired", "canceled")
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""HTTP status of a live call with such an error: platform.claude.com/docs/en/api/errors, 2026-11."""


class AnthropicBatches:
    """Batches of a ChatAnthropic model. Requests go out once: the SDK's own retries would create a batch twice.

    Args:
        spec: The model.
        llm: Its settings.
    """

    limits = LIMITS

    def __init__(self, spec: ChatModelSpec, llm: LlmParameters) -> None:
        self.endpoint = spec.server
        model: Any = spec.build(llm)
        self._set_by = set_by(model)
        self._model = model
        self._adapter = LangChainAdapter(model, llm)
        self._client = self._model._client.with_options(max_retries=0, timeout=TRANSFER_S)  # noqa: SLF001

    def request_line(self, call: Call, attempt: Attempt) -> bytes:
        """The line of a request: the body of a live call.

        Raises:
            BatchError: If the call needs a header of its own, which a batch has for all requests only.
        """
        model, arguments = self._adapter.arguments(call.schema, attempt.max_tokens)
        params = model._get_request_payload(list(attempt.messages), **arguments)  # type: ignore[attr-defined]  # noqa: SLF001
        params |= params.pop("extra_body", None) or {}  # where LangChain puts fields without an argument
        if own := [name for name in _OF_ONE_REQUEST if params.get(name)]:
            raise BatchError(
                f"Requests with {' and '.join(own)} can't be sent in batches here; nothing was sent. "
                "Next: set generation.mode=live, or remove that from the catalog entry llm"
            )
        return ascii_line({"custom_id": call.fingerprint, "params": params})

    def upload(self, file: IO[bytes], name: str) -> None:  # noqa: ARG002
        """No upload: the requests go along with the creation."""
        return

    def create(self, file_id: str | None, file: IO[bytes], intent: str) -> BatchState:  # noqa: ARG002
        """Creates a batch from the lines of a file, which are streamed.

        Raises:
            BatchError: If the server has no batches.
        """
        from anthropic.types.messages import MessageBatch

        headers = {"Content-Type": "application/json", "Content-Length": str(sum(map(len, _body(file))))}
        try:
            with our_errors(self._set_by):
                batch = self._client.post(
                    _PATH, cast_to=MessageBatch, content=_body(file), options={"headers": headers}
                )
        except Exception as error:
            refuse_no_batches(error, str(self._client.base_url.host), _PATH)
            raise
        return batch_state(batch.to_dict())

    def find(self, orphans: Sequence[Orphan], taken: Collection[str]) -> dict[str, BatchState | None]:
        """Batches with the time, the number of requests and the results of an orphan."""
        sent = {orphan.intent: datetime.fromisoformat(orphan.sent_at).timestamp() for orphan in orphans}
        since = min(sent.values()) - CLOCKS_DIFFER_S
        with our_errors(self._set_by):
            listed = self._client.messages.batches.list(limit=100)  # the newest first; the SDK fetches further pages
            recent = list(takewhile(lambda each: each.created_at.timestamp() >= since, listed))
        found: dict[str, BatchState | None] = {}
        free = [
            (batch.created_at.timestamp(), batch_state(batch.to_dict())) for batch in recent if batch.id not in taken
        ]
        for orphan in orphans:
            begin, end = sent[orphan.intent] - CLOCKS_DIFFER_S, sent[orphan.intent] + _CREATED_WITHIN_S
            alike = [state for at, state in free if begin <= at <= end and state.total == orphan.requests]
            for state in alike:
                if state.end is None:
                    found.setdefault(orphan.intent, None)
                elif self._first_id(state) in orphan.fingerprints():
                    found[orphan.intent] = state
                    break
        return found

    def _first_id(self, state: BatchState) -> str | None:
        """The `custom_id` of a result; None if there is none (any more)."""
        results = self.results(state)
        try:
            return next((line.custom_id for line in results), None)
        except MissingResultsError:
            return None
        finally:
            results.close()

    def poll(self, batch_id: str) -> BatchState:
        """The state of a batch, with the wait that the server asks for."""
        with our_errors(self._set_by):
            response = self._client.messages.batches.with_raw_response.retrieve(batch_id)
            return batch_state(response.parse().to_dict(), poll_after_s(response.headers))

    def cancel(self, batch_id: str) -> BatchState:
        """Requests the cancellation of a batch; it stays in `canceling` until the requests in progress have ended."""
        with our_errors(self._set_by):
            return batch_state(self._client.messages.batches.cancel(batch_id).to_dict())

    def results(self, state: BatchState) -> Generator[ResultLine, None, None]:
        """The lines of the results, from the documented path at our own address.

        The address in `results_url` is not used: the key would go to whatever host a gateway puts there. Nor are the
        SDK's lines: it reads 64 bytes at a time, and stops at a line that it can't read.
        """
        from anthropic._decoders.jsonl import JSONLDecoder

        for batch_id in state.sources:
            with our_errors(self._set_by):
                path = f"{_PATH}/{batch_id}/results"
                response = self._client.get(path, cast_to=JSONLDecoder[object], stream=True).http_response
                try:
                    yield from filter(None, map(result_line, lines_of(response.iter_bytes())))
                finally:
                    response.close()

    def answer(self, line: ResultLine) -> Answer:
        """The answer in a line, read as that of a live call.

        Raises:
            TransportError, TextcatError: If it is an error.
        """
        if line.http_status != OK:
            return answer_of_error(line)
        from anthropic.types import Message

        result = self._model._format_output(Message.construct(**line.body))  # noqa: SLF001
        message = result.generations[0].message
        message.response_metadata = (result.llm_output or {}) | message.response_metadata
        return read_answer(message)


def batch_state(batch: dict[str, Any], poll_after: float | None = None) -> BatchState:
    """The state in a batch of the wire format. It has one word for all ends: the counts tell how it ended."""
    counts = {name: int(number or 0) for name, number in (batch.get("request_counts") or {}).items()}
    status, end = str(batch.get("processing_status")), None
    if status == "ended":
        end = status = "cancelled" if counts.get("canceled") else "expired" if counts.get("expired") else "completed"
    return BatchState(
        batch_id=str(batch["id"]),
        status=status,
        end=end,
        total=sum(counts.values()),
        done=counts.get("succeeded", 0),
        failed=counts.get("errored", 0),
        sources=(str(batch["id"]),) if batch.get("results_url") else (),
        poll_after_s=poll_after,
    )


def result_line(line: bytes) -> ResultLine | None:
    """A line of the results; None if it can't be read, as the last one of a broken transfer."""
    try:
        record = value_of_line(line)
        custom_id, result = str(record["custom_id"]), record["result"]
        kind = result["type"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if kind == "succeeded":
        return ResultLine(custom_id, result.get("message"), OK)
    error = result.get("error") or {"error": {"type": kind, "message": "no reply and no error"}}
    said = error.get("error") if isinstance(error, dict) else None
    status = _STATUSES.get(str(said.get("type"))) if isinstance(said, dict) else None
    return ResultLine(custom_id, error, status, was_made=kind not in _NOT_MADE, is_billed=kind != "errored")


def _body(file: IO[bytes]) -> Iterator[bytes]:
    """The body of a creation, line by line."""
    file.seek(0)
    yield _HEAD
    for number, line in enumerate(file):
        yield (_BETWEEN if number else b"") + line.rstrip(b"\n")
    yield _TAIL
