"""A server that sends given bytes to whoever connects, well-formed or not, and counts connections."""

import socket
import ssl
import struct
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Self

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class RawServer:
    """Answers each connection with the same bytes, then closes it.

    Args:
        answer: What is sent once a request has arrived.
        reset: Whether the connection is reset in place of closed.
        tls: The certificate to serve with.

    Attributes:
        port: Where it listens.
        connections: How many came.
    """

    def __init__(self, answer: bytes, *, reset: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self._answer, self._reset, self._tls = answer, reset, tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._serve, daemon=True)
        self.port: int = self._socket.getsockname()[1]
        self.connections = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with suppress(OSError), connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True)
        connection.recv(1 << 16)
        connection.sendall(self._answer)
        if self._reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        connection.close()
