"""A completion: one reply (or error) of the model, which is one line of the journal."""

from dataclasses import dataclass
from typing import Any

REPLIED = "replied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One call's end, as it is journalled. Key: fingerprint, attempt, run_id.

    Attributes:
        fingerprint: Hex sha256 of the row's call: request, first messages, schema, model, endpoint, settings.
        request_id: The planned row (for brainstorming: the call's number, or `labels` and the task's id).
        attempt: 1 for the first try of the row that brings a reply, 2 for the second, ...
        run_id: The run that made the call.
        status: `replied`, or one of the transport causes.
        raw_text: The reply as it came, of a very long one head and tail; empty where there was none.
        refusal: What the server put in the reply's refusal field.
        finish_reason: Why the model stopped: `stop`, `length`, `content_filter`, ...
        prompt_tokens: Tokens read, as the server counts them; null where it does not say.
        cached_tokens: The part of `prompt_tokens` that the server had cached.
        completion_tokens: Tokens written.
        latency_s: Seconds from asking to the end of the call, the client's retries within.
        model_name: The model as the server names it.
        prompt_sha256: Hex sha256 of the canonical JSON of this attempt's messages, as on the wire.
        error: What the transport or the server's content filter said, without keys; null for any other reply.
        created_at: When the call ended, UTC, ISO 8601.
    """

    fingerprint: str
    request_id: str
    attempt: int
    run_id: str
    status: str
    raw_text: str
    refusal: str | None
    finish_reason: str | None
    prompt_tokens: int | None
    cached_tokens: int | None
    completion_tokens: int | None
    latency_s: float
    model_name: str | None
    prompt_sha256: str
    error: str | None
    created_at: str

    @property
    def replied(self) -> bool:
        """Whether the model answered at all, however badly."""
        return self.status == REPLIED

    @property
    def tokens(self) -> int:
        """Tokens read and written; what the server did not count is 0."""
        return (self.prompt_tokens or 0) + (self.completion_tokens or 0)

    @property
    def is_counted(self) -> bool:
        """Whether the server said how many tokens it took; a call without a reply took none."""
        return not self.replied or None not in (self.prompt_tokens, self.completion_tokens)

    def to_record(self) -> dict[str, Any]:
        """The journal line's fields."""
        return {name: getattr(self, name) for name in self.__slots__}
