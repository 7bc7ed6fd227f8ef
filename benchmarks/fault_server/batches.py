"""Files and batches of the OpenAI protocol, with the faults of `settings.ALL_BATCH_FAULTS`.

A batch goes from `validating` by `in_progress` and `finalizing` to its end by the clock. Its lines are answered as live
calls are, with the same content faults; what a live call would get as an error status goes to the error file.
"""

import asyncio
import random
from asyncio import Transport
from dataclasses import dataclass, field
from email.message import Message
from time import monotonic, time
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from . import chat_request, faults, refusals, replies
from .draws import draw
from .settings import BATCH_FAULTS, REPLY_FAULTS

if TYPE_CHECKING:
    from .app import FaultApp

_JSON = {"Content-Type": "application/json"}
_STEPS = ("validating", "in_progress", "finalizing")
_ENDS = ("completed", "failed", "expired", "cancelled")
_EXPIRED_SHARE = 0.5
_LATE_POLLS = 2
_MOST_BYTES = 250_000_000
_NOT_FOUND = ("invalid_request_error", "No such File object", 404)


@dataclass(slots=True)
class BatchJob:
    """One batch.

    Attributes:
        number: Batches before it, since the last reset: what its faults are drawn by.
        lines: Its requests: custom_id and body.
        faults: Of the batch as a whole.
        end: `completed`, `failed` or `expired`; where it will end unless it is cancelled.
        polls_after_end: For files that come late.
    """

    batch_id: str
    number: int
    input_file_id: str
    metadata: dict[str, str]
    lines: list[tuple[str, bytes]]
    faults: set[str]
    begun: float = field(default_factory=monotonic)
    created_at: int = field(default_factory=lambda: int(time()))
    end: str = "completed"
    cancelled_at: float | None = None
    polls_after_end: int = 0
    files: dict[str, str] = field(default_factory=dict)
    counts: tuple[int, int] = (0, 0)
    is_done: bool = False


class BatchDesk:
    """Serves `/v1/files` and `/v1/batches`."""

    def __init__(self, app: "FaultApp") -> None:
        """Start with no files and no batches."""
        self._app = app
        self._files: dict[str, bytes] = {}
        self._jobs: dict[str, BatchJob] = {}
        self._intents: set[str] = set()

    async def handle(  # noqa: PLR0911  one a route
        self, request: web.BaseRequest
    ) -> web.StreamResponse:
        """Answer one HTTP request about a file or a batch."""
        key = self._app.settings.require_key
        if key is not None and request.headers.get("Authorization") != f"Bearer {key}":
            return _json(refusals.BAD_KEY.body(), refusals.BAD_KEY.status)
        match request.method, request.path.removeprefix("/v1/").split("/"):
            case "POST", ["files"]:
                return await self._upload(request)
            case "GET", ["files", file_id, "content"]:
                return await self._content(request, file_id)
            case "DELETE", ["files", file_id]:
                self._files.pop(file_id, None)
                return _json(orjson.dumps({"id": file_id, "object": "file", "deleted": True}))
            case "POST", ["batches"]:
                return await self._create(request)
            case "GET", ["batches"]:
                return self._list(request)
            case "GET", ["batches", batch_id]:
                return self._poll(batch_id)
            case "POST", ["batches", batch_id, "cancel"]:
                return self._cancel(batch_id)
        return _error("invalid_request_error", "Not found.", 404)

    def _has(self, fault: str, material: str = "") -> bool:
        """Whether a request, batch or line gets a fault: by what it is, else by how many of its kind came before."""
        settings = self._app.settings
        self._app.stats.batch_draws[fault] += 1
        material = material or str(self._app.stats.batch_draws[fault])
        rate = settings.batch_rates.get(fault, 0.0)
        hit = rate > 0 and draw(fault, settings.fault_seed, material.encode()) < rate
        if hit:
            self._app.stats.by_fault[fault] += 1
        return hit

    async def _upload(self, request: web.BaseRequest) -> web.StreamResponse:
        request._client_max_size = _MOST_BYTES  # noqa: SLF001  aiohttp has no other way without an application
        raw = await request.read()
        if self._has("batch_upload_limited"):
            limited = refusals.RATE_LIMITED
            return _json(limited.body(), limited.status, {"Retry-After": str(self._app.settings.retry_after)})
        head = Message()
        head["Content-Type"] = request.headers.get("Content-Type", "")
        content = _part_named(raw, str(head.get_param("boundary")), b'name="file"')
        if content is None:
            return _error("invalid_request_error", "A file is required.", 400)
        file_id = f"file-{len(self._files) + 1:06}"
        self._files[file_id] = content
        said = {"id": file_id, "object": "file", "bytes": len(content), "created_at": int(time()), "purpose": "batch"}
        return _json(orjson.dumps({**said, "filename": "part.jsonl", "status": "processed"}))

    async def _content(self, request: web.BaseRequest, file_id: str) -> web.StreamResponse:
        content = self._files.get(file_id)
        if content is None:
            return _error(*_NOT_FOUND)
        if self._has("batch_half_file"):
            transport = request.transport
            assert isinstance(transport, Transport)
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content)
            transport.write(head + content[: len(content) // 2])
            await asyncio.sleep(0.01)
            transport.close()
            return web.Response(status=500)
        return web.Response(body=content, content_type="application/octet-stream")

    async def _create(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = orjson.loads(await request.read())
        file_id, metadata = asked["input_file_id"], asked.get("metadata") or {}
        content = self._files.get(file_id)
        if content is None or self._has("batch_file_unknown"):
            return _error(*_NOT_FOUND)
        batch_id = f"batch_{len(self._jobs) + 1:06}"
        lines = [(line["custom_id"], orjson.dumps(line["body"])) for line in map(orjson.loads, content.splitlines())]
        job = BatchJob(batch_id, self._app.stats.batches, file_id, metadata, lines, set())
        job.faults |= {fault for fault in BATCH_FAULTS if self._has(fault)}
        if len({custom_id for custom_id, _ in lines}) < len(lines) or (
            "batch_token_limit" in job.faults and len(lines) > 1
        ):
            job.end = "failed"
        elif "batch_expires" in job.faults or "batch_no_ids" in job.faults:
            job.end = "expired"
        self._note(job)
        self._jobs[batch_id] = job
        if self._has("batch_create_lost"):
            assert request.transport is not None
            request.transport.close()
            return web.Response(status=500)
        return _json(orjson.dumps(self._shown(job)))

    def _note(self, job: BatchJob) -> None:
        """Counts what is sent, and what was sent before and is not known to have ended without a reply."""
        stats = self._app.stats
        stats.batches += 1
        stats.batch_requests += len(job.lines)
        intent = job.metadata.get("intent", "")
        stats.batches_sent_twice += intent in self._intents
        self._intents.add(intent)
        open_ids = {
            custom_id
            for other in self._jobs.values()
            if self._status(other) not in _ENDS
            for custom_id, _ in other.lines
        }
        stats.requests_sent_twice += sum(custom_id in open_ids for custom_id, _ in job.lines)

    def _list(self, request: web.BaseRequest) -> web.StreamResponse:
        jobs = list(reversed(self._jobs.values()))
        after, limit = request.query.get("after"), int(request.query.get("limit", "20"))
        start = next((number for number, job in enumerate(jobs, 1) if job.batch_id == after), 0)
        page = jobs[start : start + limit]
        listed = {
            "object": "list",
            "data": [self._shown(job) for job in page],
            "first_id": page[0].batch_id if page else None,
            "last_id": page[-1].batch_id if page else None,
            "has_more": start + limit < len(jobs),
        }
        return _json(orjson.dumps(listed))

    def _poll(self, batch_id: str) -> web.StreamResponse:
        self._app.stats.batch_polls += 1
        job = self._jobs.get(batch_id)
        if job is None:
            return self._unknown(batch_id)
        if self._has("batch_poll_error"):
            return _error("server_error", "The server had an error.", 503)
        job.polls_after_end += self._status(job) in _ENDS
        seconds = self._app.settings.batch_retry_after
        return _json(orjson.dumps(self._shown(job)), headers={"Retry-After": str(seconds)} if seconds else None)

    def _unknown(self, batch_id: str) -> web.Response:
        return _error("invalid_request_error", f"No batch found with id '{batch_id}'.", 404)

    def _cancel(self, batch_id: str) -> web.StreamResponse:
        job = self._jobs.get(batch_id)
        if job is None:
            return self._unknown(batch_id)
        if self._status(job) not in _ENDS and job.cancelled_at is None:
            job.cancelled_at = monotonic()
        return _json(orjson.dumps(self._shown(job)))

    def _status(self, job: BatchJob) -> str:
        settings, now = self._app.settings, monotonic()
        if job.is_done:
            return job.end
        if job.cancelled_at is not None:
            if now < job.cancelled_at + settings.batch_cancel_seconds:
                return "cancelling"
            job.end = "cancelled"
        else:
            step = int((now - job.begun) / max(settings.batch_seconds, 1e-9) * len(_STEPS))
            if step < len(_STEPS) and not (job.end == "failed" and step):
                return _STEPS[step]
        self._finish(job)
        return job.end

    def _share_done(self, job: BatchJob) -> float:
        """Share of the lines that are answered by now."""
        end = job.cancelled_at or monotonic()
        share = min(1.0, max(0.0, (end - job.begun) / max(self._app.settings.batch_seconds, 1e-9)))
        return min(share, _EXPIRED_SHARE) if job.end == "expired" else share

    def _finish(self, job: BatchJob) -> None:
        """Answers the lines, and writes the files."""
        job.is_done = True
        if job.end == "failed":
            return
        done = int(self._share_done(job) * len(job.lines))
        if job.end == "completed":
            done = len(job.lines)
        if "batch_no_ids" in job.faults:
            done = 0
        outputs: list[bytes] = []
        errors: list[bytes] = []
        for number, (custom_id, body) in enumerate(job.lines):
            if number >= done:
                code = "batch_expired" if job.end == "expired" else "batch_cancelled"
                errors.append(_line(custom_id, None, {"code": code, "message": "This request was not executed."}))
                continue
            status, reply = self._answer(body)
            if self._has("batch_line_missing", f"{custom_id}{job.number}"):
                continue
            if self._has("batch_line_error", f"{custom_id}{job.number}"):
                status, reply = 500, refusals.SERVER_ERROR.body()
            line = _line(custom_id, {"status_code": status, "request_id": "req", "body": orjson.Fragment(reply)}, None)
            copies = 1 + self._has("batch_line_twice", f"{custom_id}{job.number}")
            (outputs if status == 200 else errors).extend([line] * copies)
        shuffler = random.Random(job.batch_id)
        for name, lines in (("output", outputs), ("error", errors)):
            shuffler.shuffle(lines)
            if lines and "batch_no_ids" not in job.faults:
                job.files[name] = f"file-{name}-{job.batch_id}"
                if "batch_files_deleted" not in job.faults:
                    self._files[job.files[name]] = b"\n".join(lines) + b"\n"
        job.counts = done - sum(b'"response":null' not in line for line in errors), 0

    def _answer(self, body: bytes) -> tuple[int, bytes]:
        """Status and body that a live call would get."""
        settings, stats = self._app.settings, self._app.stats
        asked = chat_request.read(body, {})
        times_seen = stats.see(body, asked.body_digest)
        fault = faults.choose(settings, asked, settings.require_key, times_seen, stats.statuses[200])
        if fault and fault not in REPLY_FAULTS:
            error = refusals.for_fault(fault, asked.model, asked.heard) or refusals.SERVER_ERROR
            return error.status, error.body()
        if fault:
            stats.by_fault[fault] += 1
        stats.answer(200, asked.body_digest)
        return 200, replies.completion(asked, fault, settings.answers_as)

    def _shown(self, job: BatchJob) -> dict[str, Any]:
        status = self._status(job)
        total = len(job.lines)
        done, failed = job.counts if job.is_done else (int(self._share_done(job) * total), 0)
        has_files = "batch_late_files" not in job.faults or job.polls_after_end > _LATE_POLLS
        errors = None
        if status == "failed":
            code = "token_limit_exceeded" if "batch_token_limit" in job.faults else "duplicate_custom_id"
            said = f"Enqueued token limit reached. Limit: {total} tokens." if code.startswith("token") else "Duplicate."
            errors = {"object": "list", "data": [{"code": code, "message": said, "line": None, "param": None}]}
        return {
            "id": job.batch_id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "errors": errors,
            "input_file_id": job.input_file_id,
            "completion_window": "24h",
            "status": status,
            "output_file_id": job.files.get("output") if has_files else None,
            "error_file_id": job.files.get("error") if has_files else None,
            "created_at": job.created_at,
            "request_counts": {"total": total, "completed": done, "failed": failed},
            "metadata": job.metadata,
        }


def _line(custom_id: str, response: dict[str, Any] | None, error: dict[str, Any] | None) -> bytes:
    return orjson.dumps({"id": "batch_req", "custom_id": custom_id, "response": response, "error": error})


def _part_named(raw: bytes, boundary: str, name: bytes) -> bytes | None:
    """The content of one part of a multipart form."""
    for part in raw.split(b"--" + boundary.encode()):
        head, _, content = part.partition(b"\r\n\r\n")
        if name in head:
            return content.removesuffix(b"\r\n")
    return None


def _error(kind: str, message: str, status: int) -> web.Response:
    return _json(orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": None}}), status)


def _json(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=_JSON | (headers or {}))
