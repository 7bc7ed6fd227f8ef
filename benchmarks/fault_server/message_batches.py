"""Anthropic's Messages API, live and in batches, with the faults of a batch that its protocol can have.

A request becomes a chat request of the OpenAI form, and its reply a message; clock, faults and counts are those of
`batches.py`.
"""

import asyncio
from asyncio import Transport
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp import web

from . import refusals
from .batches import BatchDesk, BatchJob
from .settings import BATCH_FAULTS

_JSON = {"Content-Type": "application/json"}
_MOST_BYTES = 300_000_000
_ENDS = ("completed", "expired", "cancelled")
_KINDS = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
_STOPS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
_NOT_MADE = {"batch_expired": "expired", "batch_cancelled": "canceled"}
_WITHOUT = {"batch_token_limit"}
"""Faults that this protocol does not have."""


class MessageBatchDesk(BatchDesk):
    """Serves `/v1/messages` and `/v1/messages/batches`."""

    async def handle(  # noqa: PLR0911  one a route
        self, request: web.BaseRequest
    ) -> web.StreamResponse:
        """Answer one HTTP request."""
        key = self._app.settings.require_key
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")  # as the SDK's version 2 does
        if key is not None and key not in (sent, request.headers.get("x-api-key")):
            return _refusal("invalid x-api-key", 401)
        match request.method, request.path.removeprefix("/v1/messages").strip("/").split("/"):
            case "POST", [""]:
                status, reply = self._answer(await request.read())
                return _json(reply if status == 200 else _error_of(status, reply), status)
            case "POST", ["batches"]:
                return await self._create(request)
            case "GET", ["batches"]:
                return self._list(request)
            case "GET", ["batches", batch_id]:
                return self._poll(batch_id)
            case "GET", ["batches", batch_id, "results"]:
                return await self._results(request, batch_id)
            case "POST", ["batches", batch_id, "cancel"]:
                return self._cancel(batch_id)
        return _refusal("Not found.", 404)

    async def _create(self, request: web.BaseRequest) -> web.StreamResponse:
        request._client_max_size = _MOST_BYTES  # noqa: SLF001  aiohttp has no other way without an application
        raw = await request.read()
        if self._has("batch_upload_limited"):
            limited = {"Retry-After": str(self._app.settings.retry_after)}
            return _json(_error_of(429, refusals.RATE_LIMITED.body()), 429, limited)
        lines = [(each["custom_id"], orjson.dumps(each["params"])) for each in orjson.loads(raw)["requests"]]
        if len({custom_id for custom_id, _ in lines}) < len(lines):
            return _refusal("requests: custom_id must be unique", 400)
        batch_id = f"msgbatch_{len(self._jobs) + 1:06}"
        faults = {fault for fault in BATCH_FAULTS if fault not in _WITHOUT and self._has(fault)}
        job = BatchJob(batch_id, self._app.stats.batches, "", {"intent": batch_id}, lines, faults)
        if faults & {"batch_expires", "batch_no_ids"}:
            job.end = "expired"
        self._note(job)
        self._jobs[batch_id] = job
        if self._has("batch_create_lost"):
            assert request.transport is not None
            request.transport.close()
            return web.Response(status=500)
        return _json(orjson.dumps(self._shown(job)))

    def _list(self, request: web.BaseRequest) -> web.StreamResponse:
        jobs = list(reversed(self._jobs.values()))
        after, limit = request.query.get("after_id"), int(request.query.get("limit", "20"))
        start = next((number for number, job in enumerate(jobs, 1) if job.batch_id == after), 0)
        page = [self._shown(job) for job in jobs[start : start + limit]]
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
        return _json(orjson.dumps({"data": page, "has_more": start + limit < len(jobs), **ends}))

    async def _results(self, request: web.BaseRequest, batch_id: str) -> web.StreamResponse:
        job = self._jobs.get(batch_id)
        files = {} if job is None or self._status(job) not in _ENDS else job.files
        content = b"".join(self._files.get(name, b"") for name in files.values())
        if not content:
            return _refusal(f"Results of {batch_id} are not available.", 404)
        written = b"\n".join(map(_result, content.splitlines())) + b"\n"
        if self._has("batch_half_file"):
            transport = request.transport
            assert isinstance(transport, Transport)
            transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(written) + written[: len(written) // 2]
            )
            await asyncio.sleep(0.01)
            transport.close()
            return web.Response(status=500)
        return web.Response(body=written, content_type="application/binary")

    def _answer(self, body: bytes) -> tuple[int, bytes]:
        """Status and body that a live call would get."""
        status, reply = super()._answer(_as_chat_request(body))
        return status, _as_message(body, reply) if status == 200 else reply

    def _shown(self, job: BatchJob) -> dict[str, Any]:
        status = self._status(job)
        is_ended = status in _ENDS
        has_files = "batch_late_files" not in job.faults or job.polls_after_end > 2
        kinds = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        if is_ended:
            for name in job.files.values():
                for line in self._files.get(name, b"").splitlines():
                    kinds[orjson.loads(_result(line))["result"]["type"]] += 1
            missing = len(job.lines) - sum(kinds.values())
            kinds["canceled" if status == "cancelled" else "expired" if status == "expired" else "succeeded"] += missing
        else:
            kinds["processing"] = len(job.lines)
        begun = datetime.fromtimestamp(job.created_at, UTC)
        url = f"https://elsewhere.invalid/v1/messages/batches/{job.batch_id}/results"  # the key must not go there
        return {
            "id": job.batch_id,
            "type": "message_batch",
            "processing_status": "ended" if is_ended else "canceling" if job.cancelled_at else "in_progress",
            "request_counts": kinds,
            "created_at": begun.isoformat(),
            "expires_at": (begun + timedelta(days=1)).isoformat(),
            "ended_at": datetime.now(UTC).isoformat() if is_ended else None,
            "cancel_initiated_at": begun.isoformat() if job.cancelled_at else None,
            "archived_at": None,
            "results_url": url if is_ended and has_files and job.files else None,
        }


def _as_chat_request(raw: bytes) -> bytes:
    """A request for a message as a chat request."""
    body = orjson.loads(raw)
    tools = body.pop("tools", None)
    body.pop("tool_choice", None)
    if system := body.pop("system", None):
        body["messages"] = [{"role": "system", "content": system}, *body["messages"]]
    if tools:
        body["response_format"] = {"json_schema": {"schema": tools[0]["input_schema"], "tool": tools[0]["name"]}}
    return orjson.dumps(body)


def _as_message(raw: bytes, reply: bytes) -> bytes:
    """A chat completion as a message, with the row as the input of the tool that was asked for."""
    tools, said = orjson.loads(raw).get("tools"), orjson.loads(reply)
    choice = said["choices"][0]
    text, refusal = choice["message"]["content"], choice["message"].get("refusal")
    stop = "refusal" if refusal else _STOPS[choice["finish_reason"]]
    content: list[dict[str, Any]] = [{"type": "text", "text": refusal or text or ""}]
    if tools and stop == "end_turn":
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError:
            row = None
        if isinstance(row, dict):
            content, stop = [{"type": "tool_use", "id": "t1", "name": tools[0]["name"], "input": row}], "tool_use"
    usage = said.get("usage") or {}
    read, cached = usage.get("prompt_tokens", 0), usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
    counts = {"cache_read_input_tokens": cached, "cache_creation_input_tokens": 0}
    return orjson.dumps(
        {
            "id": said["id"].replace("chatcmpl", "msg"),
            "type": "message",
            "role": "assistant",
            "model": said["model"],
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {"input_tokens": read - cached, "output_tokens": usage.get("completion_tokens", 0), **counts},
        }
    )


def _result(line: bytes) -> bytes:
    """A line of an OpenAI result file as one of Anthropic's."""
    record = orjson.loads(line)
    response, error = record["response"], record["error"]
    result: dict[str, Any] = {"type": _NOT_MADE.get(str((error or {}).get("code")), "errored")}
    if response is not None and response["status_code"] == 200:
        result = {"type": "succeeded", "message": response["body"]}
    elif response is not None:
        result["error"] = orjson.loads(_error_of(response["status_code"], orjson.dumps(response["body"])))
    return orjson.dumps({"custom_id": record["custom_id"], "result": result})


def _error_of(status: int, reply: bytes) -> bytes:
    """An error of the OpenAI form as one of Anthropic's."""
    said = orjson.loads(reply).get("error") or {}
    error = {"type": _KINDS.get(status, "api_error"), "message": str(said.get("message"))}
    return orjson.dumps({"type": "error", "error": error, "request_id": "req_1"})


def _refusal(message: str, status: int) -> web.Response:
    return _json(_error_of(status, orjson.dumps({"error": {"message": message}})), status)


def _json(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=_JSON | (headers or {}))
