"""Answers that fail on their way, or that no API would give."""

import asyncio
from asyncio import Transport

from aiohttp import web

from .settings import NOT_API_FAULTS, TRANSFER_FAULTS

_DRIP_BYTES, _DRIP_EVERY_S = 8, 0.5
_TOO_LONG = 1_000
"""Bytes by which a Content-Length exceeds its body."""

_PAGE = """<!DOCTYPE html>
<html><head><title>Web Gateway: sign in to continue</title></head>
<body><h1>Your session has expired</h1><p>Sign in to use the network.</p></body></html>"""


async def answer(fault: str, request: web.BaseRequest, good_body: bytes, redirect_to: str | None) -> web.StreamResponse:
    """Answers as the fault says; `good_body` is what a whole answer would hold."""
    if fault in TRANSFER_FAULTS:
        return await _broken_off(fault, request, good_body)
    assert fault in NOT_API_FAULTS
    if fault == "html_page":
        return web.Response(text=_PAGE, content_type="text/html")
    if fault == "no_content":
        return web.Response(status=204)
    if fault == "empty_body":
        return web.Response(body=b"", content_type="application/json")
    if fault == "login_redirect":
        return web.Response(status=302, headers={"Location": "/login?next=%2Fv1%2Fchat%2Fcompletions"})
    return web.Response(status=307, headers={"Location": f"{redirect_to or ''}{request.path.removeprefix('/v1')}"})


async def _broken_off(fault: str, request: web.BaseRequest, good_body: bytes) -> web.StreamResponse:
    transport = request.transport
    assert isinstance(transport, Transport)
    if fault == "drip":
        return await _drip(request, good_body)
    if fault != "close":
        half = good_body[: len(good_body) // 2]
        transport.write(_head(fault, half))
        await asyncio.sleep(0.01)  # the head goes out before the connection is cut
    transport.close()
    # The response is never sent, since its connection is gone; the framework wants one.
    return web.Response(status=500)


def _head(fault: str, half: bytes) -> bytes:
    begin = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    if fault == "short_body":
        return begin + b"Content-Length: %d\r\n\r\n" % (len(half) + _TOO_LONG) + half
    return begin + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(half) + half + b"\r\nzz\r\n"


async def _drip(request: web.BaseRequest, good_body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    position = 0
    while True:
        part = good_body[position : position + _DRIP_BYTES] if position < len(good_body) else b" " * _DRIP_BYTES
        await response.write(part)
        position += _DRIP_BYTES
        await asyncio.sleep(_DRIP_EVERY_S)
