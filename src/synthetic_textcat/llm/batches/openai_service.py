"""Batches of the OpenAI protocol: `/files` and `/batches`, by the SDK's own client.

Limits by developers.openai.com/api/docs/guides/batch, 2026-11: 50,000 requests and 200 MB in a file, one model, 24
hours. The tokens that may be enqueued depend on account and model; 2,000,000 is that of a small account.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from synthetic_textcat.llm.batches.service import FAILED, BatchLimits, BatchState, Orphan, ResultLine
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
from synthetic_textcat.llm.chat_models.chat import RequestBodyAdapter
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.single_call import seed_of
from synthetic_textcat.llm.providers.class_fixes import message_of
from synthetic_textcat.llm.providers.errors import has_reply
from synthetic_textcat.schemas.parameters import LlmParameters

if TYPE_CHECKING:
    from synthetic_textcat.llm.chat_models.openai_chat import LeanChatOpenAI

LIMITS = BatchLimits(requests=50_000, size_bytes=200_000_000, enqueued_tokens=2_000_000)

_METHOD = "/v1/chat/completions"
_ENDS = ("completed", "expired", "cancelled", FAILED)
_NOT_MADE = ("batch_expired", "batch_cancelled")
"""Codes of the error file for requests that no model worked on."""


class OpenAIBatches:
    """Batches of a ChatOpenAI model.

    Requests go out once: the SDK's own retries would create a batch twice where the answer to the first request is
    lost, since it sends no idempotency key.

    Args:
        spec: The model.
        llm: Its settings.
    """

    limits = LIMITS

    def __init__(self, spec: ChatModelSpec, llm: LlmParameters) -> None:
        self.endpoint = spec.endpoint
        model = spec.build(llm)
        self._adapter = RequestBodyAdapter(model, llm)
        self._model = cast("LeanChatOpenAI", model)
        self._client = self._model.root_client.with_options(max_retries=0, timeout=TRANSFER_S)
        if proxy := spec.kwargs.get("openai_proxy"):
            from openai import DefaultHttpxClient

            self._client = self._client.with_options(
                http_client=DefaultHttpxClient(proxy=proxy, follow_redirects=False)
            )

    def request_line(self, call: Call, attempt: Attempt) -> bytes:
        """The line of the input file: the body of a live call."""
        extra = self._adapter.body(call.schema, seed_of(call, attempt), attempt.max_tokens)
        body = self._model.request_body(list(attempt.messages), extra)
        line = {"custom_id": call.fingerprint, "method": "POST", "url": _METHOD, "body": body}
        return ascii_line(line)

    def upload(self, file: IO[bytes], name: str) -> str:
        """Uploads an input file for a batch.

        Raises:
            BatchError: If the server has no files.
        """
        file.seek(0)
        try:
            with our_errors():
                return str(self._client.files.create(file=(f"{name}.jsonl", file), purpose="batch").id)
        except Exception as error:
            refuse_no_batches(error, urlsplit(self.endpoint).netloc, "/files")
            raise

    def create(self, file_id: str | None, file: IO[bytes], intent: str) -> BatchState:  # noqa: ARG002
        """Creates a batch of an uploaded file."""
        with our_errors():
            return _state(
                self._client.batches.create(
                    input_file_id=str(file_id), endpoint=_METHOD, completion_window="24h", metadata={"intent": intent}
                )
            )

    def find(
        self,
        orphans: Sequence[Orphan],
        taken: Collection[str],  # noqa: ARG002
    ) -> dict[str, BatchState | None]:
        """Batches with one of these intents in their metadata, among those created since the oldest intent."""
        wanted = {orphan.intent for orphan in orphans}
        since = min(datetime.fromisoformat(orphan.sent_at).timestamp() for orphan in orphans) - CLOCKS_DIFFER_S
        found: dict[str, BatchState | None] = {}
        with our_errors():
            listed = self._client.batches.list(limit=100)  # the newest first; the SDK fetches further pages
            for batch in takewhile(lambda each: (each.created_at or since) >= since, listed):
                state = _state(batch)
                if state.intent in wanted and state.intent is not None:
                    found[state.intent] = state
                if len(found) == len(wanted):
                    break
        return found

    def poll(self, batch_id: str) -> BatchState:
        """The state of a batch, with the wait that the server asks for."""
        with our_errors():
            response = self._client.batches.with_raw_response.retrieve(batch_id)
            return _state(response.parse(), poll_after_s(response.headers))

    def cancel(self, batch_id: str) -> BatchState:
        """Requests the cancellation of a batch; it stays in `cancelling` for some minutes."""
        with our_errors():
            return _state(self._client.batches.cancel(batch_id))

    def results(self, state: BatchState) -> Iterator[ResultLine]:
        """The lines of output file and error file."""
        for file_id in state.sources:
            with our_errors(), self._client.files.with_streaming_response.content(file_id) as response:
                yield from filter(None, map(_result_line, lines_of(response.iter_bytes())))

    def answer(self, line: ResultLine) -> Answer:
        """The answer in a line, read as that of a live call.

        Raises:
            TransportError, TextcatError: If it is an error.
        """
        if line.http_status != OK or not has_reply(line.body):
            return answer_of_error(line)
        try:
            return read_answer(self._model.message_in(line.body))
        except Exception:  # noqa: BLE001  a reply of a form that LangChain does not know, which was paid for
            return read_answer(message_of(line.body))


def _state(batch: Any, poll_after_s: float | None = None) -> BatchState:
    """The state in the SDK's object, any field of which may be null."""
    counts, metadata = batch.request_counts, batch.metadata or {}
    errors = (batch.errors and batch.errors.data) or []
    first = errors[0] if errors else None
    return BatchState(
        batch_id=str(batch.id),
        status=str(batch.status),
        end=batch.status if batch.status in _ENDS else None,
        intent=metadata.get("intent"),
        total=int((counts and counts.total) or 0),
        done=int((counts and counts.completed) or 0),
        failed=int((counts and counts.failed) or 0),
        sources=tuple(each for each in (batch.output_file_id, batch.error_file_id) if each),
        error_code=str((first and first.code) or ""),
        error_words="; ".join(filter(None, (_words(each) for each in errors[:3]))),
        poll_after_s=poll_after_s,
    )


def _words(error: Any) -> str:
    place = f" (line {error.line})" if error.line else ""
    return f"{error.message or error.code or ''}{place}"


def _result_line(line: bytes) -> ResultLine | None:
    """A line of output file or error file; None if it can't be read, as the last one of a broken transfer."""
    try:
        record = value_of_line(line)
        custom_id, response, error = str(record["custom_id"]), record.get("response"), record.get("error")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if isinstance(response, dict) and response.get("body") is not None:
        status = response.get("status_code")
        return ResultLine(custom_id, response["body"], status if isinstance(status, int) else OK)
    code = error.get("code") if isinstance(error, dict) else None
    return ResultLine(custom_id, {"error": error or {"message": "no reply and no error"}}, None, code not in _NOT_MADE)
