"""Runs the server until it is told to end."""

import asyncio
import os
import signal
import ssl
import sys

from aiohttp import web

from .app import CountingServer, FaultApp
from .arguments import Arguments, parse

_HOST = "127.0.0.1"
_BACKLOG = 4096  # hundreds of clients connect at once
_SHUTDOWN_S = 0.1  # hanging calls are not waited for


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Set `stop` when the parent's end of stdin is closed, as it is when the parent is killed."""

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    loop.add_reader(sys.stdin.fileno(), read)


def _untrusted_certificate() -> ssl.SSLContext:
    """A certificate for loopback from an authority that exists in this process only."""
    import trustme  # only a server with TLS needs it

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(_HOST, "localhost").configure_cert(context)
    return context


async def listen(arguments: Arguments) -> tuple[web.ServerRunner, str]:
    """Start a server; its runner, which ends it, and the base URL for clients."""
    runner = web.ServerRunner(CountingServer(FaultApp(arguments.settings)), shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    context = _untrusted_certificate() if arguments.tls else None
    await web.TCPSite(runner, _HOST, arguments.port, backlog=_BACKLOG, ssl_context=context).start()
    return runner, f"{'https' if arguments.tls else 'http'}://{_HOST}:{runner.addresses[0][1]}/v1"


async def serve(arguments: Arguments) -> None:
    """Listen, say where in one line, and answer until SIGTERM or SIGINT."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if arguments.until_stdin_closes:
        _watch_stdin(loop, stop)
    runner, url = await listen(arguments)
    print(f"listening on {url}", flush=True)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(parse()))
