"""MLflow traces of a sample of calls: messages as sent, reply, latency, cost."""

import json
import re
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import inf
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, get_args

from synthetic_textcat.hashing import draw
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.tracking.run_log import RunClock, RunLog
from synthetic_textcat.llm.calls.policy import Judge, retry_conversation
from synthetic_textcat.llm.calls.row_judge import row_judge
from synthetic_textcat.llm.prompts.messages import Messages, messages_sha256, wire_form
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.completions import Completion, Problem, RowReply
from synthetic_textcat.schemas.parameters import Retry
from synthetic_textcat.schemas.prices import PriceList, is_made_up
from synthetic_textcat.tables import as_table

if TYPE_CHECKING:
    from mlflow.entities import Span, TraceInfo

_NAME = "row"
_LONGEST = 20_000
"""Maximum characters of a message or reply: a reply that reached the token limit would be stored twice in full."""

_PREVIEW = 300
_NOT_KNOWN = "the messages are unknown: an earlier run requested this row first"

_FEWEST, _MOST = 5, 200
"""Sampled calls of a run: about the minimum in a small run, since 1 % of 20 rows is none; never above the maximum."""

_QUICK_S = 0.1
_MOST_SEARCHING = 0.01
"""Share of the time in which rows of sampled calls are looked up, if that is not quick: it reads the whole plan."""

_PARTS = {names.REQUESTS, names.ROW_PROMPTS, names.OPEN_ROWS, names.RETRY_PROMPT, names.PRICES}


@dataclass(frozen=True, slots=True)
class SampledCall:
    """Sampled call.

    Attributes:
        completion: Its completion.
        messages: Messages as sent; None if unknown: then their hash would differ from the recorded one.
        problem: Problem of an unusable reply; None if it was usable, or if there is no reply.
        prices: Token prices.
        shift_ms: Correction of its timestamp to the run's clock.
    """

    completion: Completion
    messages: list[dict[str, object]] | None
    problem: Problem | None
    prices: PriceList
    shift_ms: int = 0


def write_traces(log: RunLog, calls: Sequence[SampledCall]) -> None:
    """Writes one trace per call, linked to the run, without MLflow's global tracing provider.

    It takes 8 ms per call; the client's own callback in each call took 50 ms.
    """
    if not calls:
        return
    from mlflow.tracing.client import TracingClient

    client = TracingClient(log.client.tracking_uri)
    spans = [_span(call) for call in calls]
    for call, span in zip(calls, spans, strict=True):
        log.calls.run(partial(client.start_trace, _info(log, call, span)))
    log.calls.run(lambda: client.log_spans(log.experiment_id, spans))


def _span(call: SampledCall) -> "Span":
    """Single span of the call, in OpenAI's format, which MLflow's page can render."""
    from mlflow.entities import Span
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

    completion, wrong = call.completion, _wrong(call)
    trace_id = secrets.randbits(128)
    end_ns = int(datetime.fromisoformat(completion.created_at).timestamp() * 1e9) + call.shift_ms * 1_000_000
    attributes = {"mlflow.traceRequestId": f"tr-{trace_id:032x}", **_attributes(call)}
    return Span(
        ReadableSpan(
            name=_NAME,
            context=SpanContext(trace_id, secrets.randbits(64), is_remote=False, trace_flags=TraceFlags(1)),
            resource=Resource.get_empty(),
            attributes={name: json.dumps(value, ensure_ascii=False) for name, value in attributes.items()},
            start_time=end_ns - int(completion.latency_s * 1e9),
            end_time=end_ns,
            status=Status(StatusCode.ERROR, wrong) if wrong else Status(StatusCode.OK),
        )
    )


def _attributes(call: SampledCall) -> dict[str, Any]:
    completion = call.completion
    attributes = {
        "mlflow.spanType": "CHAT_MODEL",
        "mlflow.message.format": "openai",
        "mlflow.spanInputs": {"messages": _messages(call)},
        "mlflow.spanOutputs": _reply(call),
        **_model_and_cost(call),
        "prompt_sha256": completion.prompt_sha256,
        "fingerprint": completion.fingerprint,
    }
    read, written = completion.prompt_tokens, completion.completion_tokens
    if read is not None and written is not None:
        counts = {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}
        attributes["mlflow.chat.tokenUsage"] = counts
    return attributes


def _messages(call: SampledCall) -> list[dict[str, Any]]:
    if call.messages is None:
        return [{"role": "user", "content": _NOT_KNOWN}]
    return [{"role": each["role"], "content": _verbatim(str(each["content"]))} for each in call.messages]


def _reply(call: SampledCall) -> dict[str, Any]:
    completion = call.completion
    if not completion.replied:
        return {"error": _verbatim(completion.error or completion.status)}
    said = {"role": "assistant", "content": _verbatim(completion.raw_text)}
    if completion.refusal:
        said["refusal"] = _verbatim(completion.refusal)
    return {"choices": [{"index": 0, "message": said, "finish_reason": completion.finish_reason}]}


def _model_and_cost(call: SampledCall) -> dict[str, Any]:
    """Model and cost (USD) by our price list; without a real price, another key for the model stops MLflow's guess."""
    model, prices = call.completion.model_name, call.prices
    usd, price = prices.cost_usd(call.completion), prices.price(model)
    if usd is None or price is None or is_made_up(model):
        return {"model_name": model}
    written = (call.completion.completion_tokens or 0) * price.output / 1_000_000
    cost = {"input_cost": usd - written, "output_cost": written, "total_cost": usd}
    return {"mlflow.llm.model": model, "mlflow.llm.cost": cost, "cost_usd": usd}  # the page rounds its own to cents


def _wrong(call: SampledCall) -> str | None:
    """Failure cause of a call without a usable reply, as in the ledger; None otherwise."""
    if not call.completion.replied:
        return call.completion.status
    return call.problem.cause if call.problem else None


def _info(log: RunLog, call: SampledCall, span: "Span") -> "TraceInfo":
    from mlflow.entities import TraceInfo, TraceLocation, TraceState

    completion, wrong = call.completion, _wrong(call)
    return TraceInfo(
        trace_id=span.trace_id,
        trace_location=TraceLocation.from_experiment_id(log.experiment_id),
        request_time=span.start_time_ns // 1_000_000,
        execution_duration=int(completion.latency_s * 1000),
        state=TraceState.ERROR if wrong else TraceState.OK,
        request_preview=_text(str(call.messages[-1]["content"]) if call.messages else _NOT_KNOWN)[:_PREVIEW],
        response_preview=_text(completion.raw_text or completion.error or "")[:_PREVIEW],
        trace_metadata={"mlflow.sourceRun": log.run_id},
        tags={
            "mlflow.traceName": _NAME,
            "request_id": completion.request_id,
            "attempt": str(completion.attempt),
            "status": completion.status,
            "outcome": wrong or "usable",
        },
    )


def _verbatim(text: str) -> str:
    """Text as a code block, since MLflow's page renders Markdown: a model's `![](…)` would fetch an image."""
    longest = max((len(run) for run in re.findall("~+", text)), default=0)
    fence = "~" * max(3, longest + 1)
    return f"{fence}\n{_text(text)}\n{fence}"


def _text(text: str) -> str:
    """Text redacted before it is cut, so that no part of a key remains at its end."""
    shown = redact(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} …"


class SampledCalls:
    """Sampler of saved completions, by a hash of their row: the same rows in each run of a plan.

    The inputs that render their messages are kept only while calls are made, since they hold the plan.

    Args:
        share: Share of the rows, 0 to 1; 0 = none.
        clock: Clock of the run.
        now: Clock, in seconds.
    """

    def __init__(self, share: float, clock: RunClock, now: Callable[[], float] = monotonic) -> None:
        self._share = share
        self._clock = clock
        self._now = now
        self._searched_at, self._search_s = -inf, 0.0
        self._parts: dict[str, Any] = {}
        self._left = _MOST
        self._picked: deque[tuple[Completion, int]] = deque()
        self._done: list[SampledCall] = []
        self._before: dict[str, list[Completion]] = {}
        self._lock = Lock()  # for rendering in another thread; sampling never waits for it

    def keep_input(self, name: str, data: Any) -> None:
        """Keeps an input of the node that calls the model, by its name without the namespace."""
        if self._share and (part := name.rpartition(".")[2]) in _PARTS:
            self._parts[part] = data

    def note(self, completions: Iterable[Completion]) -> None:
        """Samples from saved completions."""
        if not self._parts.keys() >= _PARTS:
            return
        num_open = len(self._parts[names.OPEN_ROWS].rows)
        share = min(max(self._share, _FEWEST / num_open), _MOST / num_open) if num_open else 0.0
        picked = [each for each in completions if draw("trace", each.request_id) < share][: self._left]
        self._left -= len(picked)
        shift_ms = self._clock.correction_ms()
        self._picked.extend((each, shift_ms) for each in picked)

    def take(self) -> list[SampledCall]:
        """Calls sampled since the last `take`; of a long plan some come later."""
        with self._lock:
            if self._search_s < _QUICK_S or self._now() - self._searched_at >= self._search_s / _MOST_SEARCHING:
                self._render()
            done, self._done = self._done, []
        return done

    def release_plan(self) -> None:
        """Releases the plan once the calls are made."""
        with self._lock:
            self._render()
            self._parts.clear()

    def _render(self) -> None:
        picked = [self._picked.popleft() for _ in range(len(self._picked))]
        if not picked:
            return
        self._searched_at = self._now()
        requests = as_table(self._parts[names.REQUESTS]).where("request_id", {each.request_id for each, _ in picked})
        self._search_s = self._now() - self._searched_at
        first = {asked.request_id: asked.messages for asked in self._parts[names.ROW_PROMPTS].rendered(requests)}
        judge, prices = row_judge(as_table(requests)), PriceList.read(self._parts[names.PRICES])
        for completion, shift_ms in picked:
            earlier = self._before.setdefault(completion.request_id, [])
            problem = judge(completion) if completion.replied else None
            messages = self._sent(completion, first.get(completion.request_id), earlier, judge)
            self._done.append(SampledCall(completion, messages, problem, prices, shift_ms))
            earlier.append(completion)

    def _sent(
        self, completion: Completion, messages: Messages | None, earlier: Sequence[Completion], judge: Judge[RowReply]
    ) -> list[dict[str, object]] | None:
        """Conversation of this attempt, if its hash is the one recorded on sending."""
        if messages is None:
            return None
        judged = [(reply.raw_text, judge(reply)) for reply in earlier if reply.replied]
        for retry in get_args(Retry):  # earlier attempts may be of a run with another setting
            ask_again, sent = retry_conversation(self._parts[names.RETRY_PROMPT], retry), messages
            for raw_text, problem in judged:
                sent = sent if problem is None else ask_again(sent, raw_text, problem)
            if messages_sha256(sent) == completion.prompt_sha256:
                return wire_form(sent)
        return None
