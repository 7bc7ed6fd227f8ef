"""Host of fault servers: one process in which each test's server has its own port, settings and counts.

The start of a process costs more than most tests that ask a server.
"""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tests.support.server import FaultServer, flags_of

if TYPE_CHECKING:
    from aiohttp import web

_ROOT = Path(__file__).parents[2]


class HostedServer(FaultServer):
    """A fault server in the process of a host."""

    def __init__(self, host: "ServerHost", **options: object) -> None:
        """Keep the options, as `FaultServer` does."""
        super().__init__(**options)
        self._host = host

    def start(self) -> Self:
        """Start it at a port of its own."""
        self.url = self._host.order("start", *flags_of(self._options))
        return self

    def stop(self) -> None:
        """End it, and all calls to it."""
        self._host.order("stop", self.url)


class ServerHost:
    """The process, which runs while the `with` block does; it also ends when this process is killed."""

    def server(self, **options: object) -> HostedServer:
        """A server for a `with` block: `host.server(rate_limited=0.1, sticky=True)`."""
        return HostedServer(self, **options)

    def order(self, *order: str) -> str:
        """Have it start or stop a server; returns its answer.

        Raises:
            RuntimeError: It has ended; what it said is on stderr.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"the host of fault servers did not {' '.join(order)}")
        return answer

    def __enter__(self) -> Self:
        """Start the process."""
        command = [sys.executable, "-m", "tests.support.server_host"]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, by the end of its input."""
        self._process.communicate()


async def _host() -> None:
    """Carries out the orders that come in by lines, one after another."""
    from benchmarks.fault_server.__main__ import listen  # here, since the tests' side needs no aiohttp
    from benchmarks.fault_server.arguments import parse

    orders = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    runners: dict[str, web.ServerRunner] = {}
    while line := await orders.readline():
        verb, *arguments = json.loads(line)
        if verb == "start":
            runner, url = await listen(parse(arguments))
            runners[url] = runner
            _answer(url)
        else:
            await runners.pop(arguments[0]).cleanup()
            _answer("stopped")


def _answer(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_host())
