#!/bin/sh
# The timeout of Dask's client does not end the wait for a peer that accepts the connection and says nothing.
#
# Expected: `Client(address, timeout=3)`, "timeout duration for initial connection to the scheduler", raises after some three
# seconds whatever is at the address: a frozen scheduler, or a server of another kind that waits for its client to speak.
# Seen: refused and closed connections are errors within the time. A peer that accepts and stays silent is waited for without
# an end: after 20 s the call has not returned. A program that connects to an address of its user's has to bound it itself.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "distributed==2026.8.0" "dask==2026.8.0"
cat > "$folder/finding.py" <<'PYTHON'
import os
import socket
import sys
import threading
import time
from importlib.metadata import version

from distributed import Client

TIMEOUT_S, WAITED_S = 3, 20


def seconds_until_error(is_silent):
    """Seconds until the client raises at a listener that stays silent, or closes; None if it waits on."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    kept = []

    def accept():
        while True:
            connection, _ = listener.accept()
            kept.append(connection) if is_silent else connection.close()

    took = []

    def connect():
        began = time.monotonic()
        try:
            Client(f"tcp://127.0.0.1:{listener.getsockname()[1]}", timeout=TIMEOUT_S, set_as_default=False)
        except (OSError, TimeoutError):
            took.append(time.monotonic() - began)

    threading.Thread(target=accept, daemon=True).start()
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(WAITED_S)
    return took[0] if took else None


print("distributed", version("distributed"))
closed, silent = seconds_until_error(False), seconds_until_error(True)
print(f"timeout={TIMEOUT_S}, peer closes the connection: error after", "no time" if closed is None else f"{closed:.1f} s")
print(f"timeout={TIMEOUT_S}, peer accepts and says nothing:", f"waits after {WAITED_S} s" if silent is None else f"error after {silent:.1f} s")
sys.stdout.flush()
os._exit(0 if closed is not None and silent is None else 1)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py" 2>/dev/null
