"""Loaded by each Python process of the tests: no socket leaves this machine."""

import ipaddress
import os
import socket
from typing import Any

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket's path
    if os.environ.get("TESTS_WITHOUT_ANY_NETWORK"):
        return False
    host = str(address[0])
    return host in ("", "localhost") or ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if not _is_local(address):
        raise OSError(f"tests may reach loopback only, not {address[0]}")
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    if not _is_local(address):
        raise OSError(f"tests may reach loopback only, not {address[0]}")
    return _connect_ex(self, address)


socket.socket.connect = _guarded_connect  # type: ignore[method-assign, assignment]
socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign, assignment]
