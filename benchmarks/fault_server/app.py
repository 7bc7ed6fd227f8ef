"""The server: takes requests, asks `faults` what to do with each, and counts."""

import asyncio
from asyncio import Transport
from typing import Any

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from . import chat_request, faults, refusals, replies, transfers
from .batches import BatchDesk
from .draws import digest
from .message_batches import MessageBatchDesk
from .settings import NOT_API_FAULTS, TRANSFER_FAULTS, Settings, as_dict, changed
from .stats import Stats

_JSON = {"Content-Type": "application/json"}


def _json(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=_JSON | headers if headers else _JSON)


def _heard(request: web.BaseRequest) -> dict[str, str]:
    """What the client sent beside the body: the address as it asked for it, and all headers."""
    return {"path": request.raw_path} | {str(name): value for name, value in request.headers.items()}


class FaultApp:
    """Answers chat calls as its settings say, and lets the settings be changed over HTTP.

    Attributes:
        settings: What to do from now on.
        stats: What was asked and answered.
    """

    def __init__(self, settings: Settings) -> None:
        """Start with no counts."""
        self.settings = settings
        self.stats = Stats()
        self._canned: bytes | None = None
        self._batches = BatchDesk(self)
        self._message_batches = MessageBatchDesk(self)
        self._routes = {
            ("GET", "/stats"): self._show_stats,
            ("POST", "/reset"): self._reset,
            ("POST", "/faults"): self._change_faults,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request."""
        if request.method == "POST" and request.path == "/v1/chat/completions":
            return await self._chat(request)
        if request.path.startswith(("/v1/files", "/v1/batches")):
            return await self._batches.handle(request)
        if request.path.startswith("/v1/messages"):
            return await self._message_batches.handle(request)
        route = self._routes.get((request.method, request.path))
        return await route(request) if route else _json(b'{"error": {"message": "Not found."}}', 404)

    async def _chat(self, request: web.BaseRequest) -> web.StreamResponse:
        self.stats.begin()
        try:
            raw = await request.read()
            return await (self._answer_canned(request, raw) if self.settings.canned else self._answer(request, raw))
        except chat_request.BadRequestError as error:
            return self._refuse(refusals.unreadable(str(error)))
        except asyncio.CancelledError:
            self.stats.abandoned += 1
            raise
        finally:
            self.stats.in_flight -= 1

    async def _answer(self, request: web.BaseRequest, raw: bytes) -> web.StreamResponse:
        asked = chat_request.read(raw, _heard(request))
        times_seen = self.stats.see(raw, asked.body_digest)
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.settings.context and (
            error := refusals.too_long(asked, self.settings.context, with_limit=self.settings.context_with_limit)
        ):
            return self._refuse(error)
        fault = faults.choose(self.settings, asked, key, times_seen, self.stats.statuses[200])
        if fault:
            self.stats.by_fault[fault] += 1
        if fault == "hang":
            await asyncio.get_running_loop().create_future()
        await self._wait(asked.body_digest, times_seen)
        if fault in TRANSFER_FAULTS + NOT_API_FAULTS:
            return await transfers.answer(fault, request, replies.completion(asked, None), self.settings.redirect_to)
        error = refusals.for_fault(fault, asked.model, asked.heard) if fault else None
        if error:
            return self._refuse(error)
        self.stats.answer(200, asked.body_digest)
        return _json(replies.completion(asked, fault, self.settings.answers_as))

    async def _answer_canned(self, request: web.BaseRequest, raw: bytes) -> web.Response:
        if self._canned is None:
            self._canned = replies.completion(chat_request.read(raw, _heard(request)), None)
        body_digest = digest(raw)
        await self._wait(body_digest, self.stats.see(raw, body_digest))
        self.stats.answer(200, body_digest)
        return _json(self._canned)

    async def _wait(self, body_digest: bytes, times_seen: int) -> None:
        seconds = faults.latency_s(self.settings, body_digest, times_seen)
        if seconds:
            self.stats.wait(seconds)
            await asyncio.sleep(seconds)

    def _refuse(self, error: refusals.ErrorAnswer) -> web.Response:
        self.stats.answer(error.status)
        retry = {"Retry-After": str(self.settings.retry_after)} if error is refusals.RATE_LIMITED else None
        return _json(error.body(), error.status, retry)

    async def _show_stats(self, _: web.BaseRequest) -> web.Response:
        return _json(self.stats.as_json())

    async def _reset(self, _: web.BaseRequest) -> web.Response:
        self.stats.reset()
        self._canned = None
        return _json(b"{}")

    async def _change_faults(self, request: web.BaseRequest) -> web.Response:
        try:
            changes: dict[str, Any] = orjson.loads(await request.read() or b"{}")
            self.settings = changed(self.settings, changes)
        except (ValueError, TypeError, AttributeError) as error:
            return _json(refusals.unreadable(str(error)).body(), 400)
        return _json(orjson.dumps(as_dict(self.settings)))


class CountingServer(web.Server):
    """An HTTP server that counts the sockets that clients open to it."""

    def __init__(self, app: FaultApp) -> None:
        """Serve `app` and count for it."""
        # A call whose client has gone is cancelled: it was never answered, and must not count as paid for.
        super().__init__(app.handle, handler_cancellation=True, keepalive_timeout=3600.0, access_log=None)
        self._stats = app.stats

    def connection_made(self, handler: RequestHandler, transport: Transport) -> None:
        """Count a new socket."""
        self._stats.connections_opened += 1
        super().connection_made(handler, transport)
