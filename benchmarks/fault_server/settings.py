"""What the server is told to do, at the start or while it runs."""

from dataclasses import dataclass, field, fields, replace
from typing import Any

TRANSPORT_FAULTS = ("rate_limited", "server_error", "hang")
TRANSFER_FAULTS = ("close", "short_body", "broken_chunk", "drip")
"""The connection fails while the answer is on its way; `drip` sends a few bytes every half second, for ever."""

NOT_API_FAULTS = ("html_page", "no_content", "empty_body", "login_redirect", "redirect")
"""Something answers that is not the API: a proxy, a portal, another host."""

REFUSED_FAULTS = ("flagged", "inspection_failed", "low_credit", "control_characters", "echo_error")
"""Error statuses in the shapes of several providers."""

CONTENT_FAULTS = ("broken_json", "schema_violation", "refusal", "truncated", "content_filter")
POISON_FAULTS = ("fenced_key", "repeated_signs", "junk", "echo_reply")
"""Replies that hurt whoever reads them carelessly."""

USAGE_FAULTS = ("usage_text", "usage_missing", "usage_null", "thoughts_beside")
"""Good replies whose token counts are wrong, absent or reported in another way."""

BATCH_REQUEST_FAULTS = (
    "batch_poll_error",
    "batch_upload_limited",
    "batch_create_lost",
    "batch_file_unknown",
    "batch_half_file",
)
"""Of requests about files and batches: 5xx while polling, 429 on upload, a creation whose answer is lost, a file just
uploaded that is not known yet, and a result file that breaks off."""

BATCH_FAULTS = ("batch_token_limit", "batch_expires", "batch_no_ids", "batch_late_files", "batch_files_deleted")
"""Of a batch as a whole: failed for its tokens, expired when partly done, ended without any file, files later than the
end, and files that are gone."""

BATCH_LINE_FAULTS = ("batch_line_error", "batch_line_twice", "batch_line_missing")
"""Of a line of the results: in the error file, twice, or in no file."""

ALL_BATCH_FAULTS = BATCH_REQUEST_FAULTS + BATCH_FAULTS + BATCH_LINE_FAULTS

FATAL_FAULTS = ("quota", "bad_key", "unknown_model", "bad_request")
REPLY_FAULTS = CONTENT_FAULTS + POISON_FAULTS + USAGE_FAULTS
RATED_FAULTS = TRANSPORT_FAULTS + TRANSFER_FAULTS + NOT_API_FAULTS + REFUSED_FAULTS + REPLY_FAULTS
ALL_FAULTS = RATED_FAULTS + FATAL_FAULTS


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of the server.

    Attributes:
        rates: Share of the requests that get each fault; in all at most 1.
        always: The one fault that every request gets.
        after: Good answers before `always` begins.
        redirect_to: Where the fault `redirect` points to.
        fault_seed: Changes which requests get which fault and which latency.
        sticky: Whether a row's fault comes back on every attempt at the row.
        retry_after: Seconds in the Retry-After header of a 429.
        latency_ms: Median time to a reply.
        latency_sigma: Sigma of the lognormal distribution around that median; 0 = always the median.
        require_key: The only API key that is let in.
        known_model: The only model name that is served.
        answers_as: The model's name in replies; None = the requested one.
        context: Tokens of the context window; None = any request fits.
        context_with_limit: Whether the token limit of the reply must fit too, as vLLM demands.
        batch_rates: Share of the requests, batches or lines that get each fault of `ALL_BATCH_FAULTS`; at most 1 each.
        batch_seconds: Time from the creation of a batch to its end, in equal parts for each state on the way.
        batch_cancel_seconds: Time from `cancelling` to `cancelled`.
        batch_retry_after: Seconds in the Retry-After header of a batch's state; 0 = no such header.
        canned: Whether every request gets the first one's reply, with no fault and next to no work.
    """

    rates: dict[str, float] = field(default_factory=dict)
    always: str | None = None
    after: int = 0
    redirect_to: str | None = None
    fault_seed: int = 0
    sticky: bool = False
    retry_after: float = 0.05
    latency_ms: float = 0.0
    latency_sigma: float = 0.0
    require_key: str | None = None
    known_model: str | None = None
    answers_as: str | None = None
    context: int | None = None
    context_with_limit: bool = False
    batch_rates: dict[str, float] = field(default_factory=dict)
    batch_seconds: float = 0.2
    batch_cancel_seconds: float = 0.1
    batch_retry_after: float = 0.0
    canned: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that contradict themselves.

        Raises:
            ValueError: A value is out of range, or the canned reply is combined with what it can't serve.
        """
        if any(not 0 <= rate <= 1 for rate in self.rates.values()) or sum(self.rates.values()) > 1 + 1e-9:
            raise ValueError("each rate must lie between 0 and 1, and all of them together at 1 or less")
        if any(not 0 <= rate <= 1 for rate in self.batch_rates.values()):
            raise ValueError("each rate of a batch fault must lie between 0 and 1")
        if self.always not in (None, *ALL_FAULTS):
            raise ValueError(f"always must be one of {', '.join(ALL_FAULTS)}")
        if min(self.after, self.retry_after, self.latency_ms, self.latency_sigma) < 0:
            raise ValueError("after, retry_after, latency_ms and latency_sigma can't be negative")
        if self.canned and (any(self.rates.values()) or self.always or self.require_key or self.known_model):
            raise ValueError("the canned reply goes to every request: no fault, key or model can be set with it")


_TYPES: dict[str, tuple[type, ...]] = {
    "after": (int,),
    "redirect_to": (str, type(None)),
    "fault_seed": (int,),
    "sticky": (bool,),
    "retry_after": (int, float),
    "latency_ms": (int, float),
    "latency_sigma": (int, float),
    "require_key": (str, type(None)),
    "known_model": (str, type(None)),
    "answers_as": (str, type(None)),
    "context": (int, type(None)),
    "context_with_limit": (bool,),
    "batch_seconds": (int, float),
    "batch_cancel_seconds": (int, float),
    "batch_retry_after": (int, float),
}


def changed(settings: Settings, changes: dict[str, Any]) -> Settings:
    """Apply what a running server is told.

    Rates and `always` are replaced as a whole, so that no changes at all means a healthy server. The other settings
    stay as they are unless named.

    Raises:
        ValueError: A name that does not exist, or a value of the wrong type or out of range.
    """
    rates = {name: value for name, value in changes.items() if name in RATED_FAULTS}
    of_batches = {name: value for name, value in changes.items() if name in ALL_BATCH_FAULTS}
    rated = {*RATED_FAULTS, *ALL_BATCH_FAULTS, "always"}
    others = {name: value for name, value in changes.items() if name not in rated}
    unknown = sorted(set(others) - set(_TYPES))
    if unknown:
        known = (*RATED_FAULTS, *ALL_BATCH_FAULTS, "always", *_TYPES)
        raise ValueError(f"unknown: {', '.join(unknown)}; allowed: {', '.join(known)}")
    for name, value in (*rates.items(), *of_batches.items(), *others.items()):
        allowed = _TYPES.get(name, (int, float))
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise ValueError(f"{name} can't be {value!r}")
    return replace(settings, rates=rates, batch_rates=of_batches, always=changes.get("always"), **others)


def as_dict(settings: Settings) -> dict[str, Any]:
    """Show the settings without the key."""
    return {each.name: getattr(settings, each.name) for each in fields(settings) if each.name != "require_key"}
