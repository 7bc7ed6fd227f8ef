"""Loopback HTTP server that answers in a vendor's wire format, one case a request."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.providers.wire.cases import REDIRECT, Asked, Said

Format = Callable[[str, Asked], Said]
"""From a case and a request to the answer."""


class WireServer:
    """A server in this process, while the `with` block runs.

    Args:
        wire: The vendor's format.
        cases: What to answer, request by request; the last one stays.
        delay_s: Seconds that each answer takes.

    Attributes:
        asked: The requests so far.
        most_in_flight: Requests at once, at most.
    """

    def __init__(self, wire: Format, cases: Sequence[str], delay_s: float = 0.0) -> None:
        self._wire, self._cases, self._delay_s = wire, list(cases), delay_s
        self._lock = threading.Lock()
        self._in_flight = 0
        self.most_in_flight = 0
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, asked: Asked) -> Said:
        with self._lock:
            number = len(self.asked)
            self.asked.append(asked)
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            time.sleep(self._delay_s)
            case = self._cases[min(number, len(self._cases) - 1)]
            return Said(307, {}, {"Location": "/elsewhere"}) if case == REDIRECT else self._wire(case, asked)
        finally:
            with self._lock:
                self._in_flight -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else the kernel holds a body back for 40 ms, after its headers

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                said = answer(Asked(self.path, headers, json.loads(body or b"{}")))
                payload = json.dumps(said.body).encode()
                self.send_response(said.status)
                for name, value in ({"Content-Type": "application/json"} | said.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: Any) -> None:
                """No log."""

        return Handler
