"""Servers that stand where MLflow's should, and never give a whole answer."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"


@contextmanager
def silent_server(*, drips: bool = False) -> Iterator[str]:
    """The address of one that accepts connections and says nothing, or drips a byte each tenth of a second."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        held: list[socket.socket] = []
        threading.Thread(target=_accept, args=(listening, held, drips), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)  # wakes the thread
        for connection in held:
            connection.close()


def _accept(listening: socket.socket, held: list[socket.socket], drips: bool) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            held.append(connection)
            if drips:
                threading.Thread(target=_drip, args=(connection,), daemon=True).start()


def _drip(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.recv(65536)
        connection.sendall(_HEAD)
        while True:
            connection.sendall(b" ")
            time.sleep(0.1)
