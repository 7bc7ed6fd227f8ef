"""`make mlflow`: MLflow's server on the project's runs, and where to look."""

import argparse
import os
import socket
import subprocess
import sys
import time
import webbrowser
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from synthetic_textcat.console import say
from synthetic_textcat.errors import EarlierRunError
from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls
from synthetic_textcat.hooks.tracking.run_lookup import reading
from synthetic_textcat.hooks.tracking.store import Store
from synthetic_textcat.hooks.tracking.views import save_views, view_urls

_LONGEST_START_S = 120.0
_HOST = "127.0.0.1"
_OPTIONS = ("--workers", "1", "--uvicorn-opts", "--log-level warning")
"""One reader needs one worker, not four that each import MLflow; and no line a request, which hides our addresses."""

_ENVIRONMENT = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
"""Else eight more processes stand by for judges that a model runs, each of 240 MB."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the server until it is stopped; its exit code.

    A store that is a server already is only pointed at.
    """
    parser = argparse.ArgumentParser(prog="make mlflow", description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    port = parser.parse_args(arguments).port
    store = Store.of(Path.cwd())
    try:
        experiment_id = _prepare(store)
    except EarlierRunError as error:
        say([f"Error: {error}"], err=True)
        return 1
    if store.uri.startswith("http"):
        _show(store.uri.rstrip("/"), experiment_id)
        return 0
    if _is_taken(port):
        say([f'Port {port} is taken. Next: make mlflow ARGS="--port {port + 1}"'], err=True)
        return 1
    command = [sys.executable, "-m", "mlflow", "server", "--host", _HOST, "--port", str(port)]
    server = subprocess.Popen([*command, *_OPTIONS, "--backend-store-uri", store.uri], env=_ENVIRONMENT | os.environ)  # noqa: S603
    try:
        if _is_up(server, f"http://{_HOST}:{port}"):
            _show(f"http://{_HOST}:{port}", experiment_id)
        return server.wait()
    except KeyboardInterrupt:  # in a terminal the server has heard it too
        return 0
    finally:
        server.terminate()
        server.wait()


def _prepare(store: Store) -> str:
    """Makes the store, if it is missing, before the server does: a server that is killed while it does leaves half."""
    with reading(store):
        client = store.connect(BoundedCalls())
        experiment_id = store.experiment_id(client)
        save_views(client, experiment_id)
    return experiment_id


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((_HOST, port))
        except OSError:
            return True
    return False


def _is_up(server: "subprocess.Popen[bytes]", address: str) -> bool:
    end, direct = time.monotonic() + _LONGEST_START_S, build_opener(ProxyHandler({}))
    while time.monotonic() < end and server.poll() is None:
        try:
            with direct.open(f"{address}/health", timeout=2):
                return True
        except (URLError, OSError):
            time.sleep(0.3)
    return False


def _show(server: str, experiment_id: str) -> None:
    """Prints the pages' addresses, and opens the first one where there is a screen."""
    pages = view_urls(server, experiment_id)
    say(["", *(f"{name:<10}{address}" for name, address in pages.items()), ""])
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform in ("darwin", "win32"):
        webbrowser.open(pages["runs"])


if __name__ == "__main__":
    sys.exit(main())
