"""Runs the fault-injecting server of `benchmarks/` as a child process of a test."""

import json
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_ROOT = Path(__file__).parents[2]
_READY = "listening on "
_END_S = 5.0
_UNTRUSTED = ssl._create_unverified_context()  # the server's certificate is untrusted by design
_DIRECT = urllib.request.build_opener(  # a proxy would not find a loopback server
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_UNTRUSTED)
)


def flags_of(options: dict[str, object]) -> list[str]:
    """Turn `rate_limited=0.1, sticky=True` into command-line options; False and None are left out."""
    flags: list[str] = []
    for name, value in options.items():
        if value is not None and value is not False:
            flags.append(f"--{name.replace('_', '-')}")
            flags.extend([] if value is True else [str(value)])
    return flags


class FaultServer:
    """A server that runs while the `with` block does.

    The server also ends when this process is killed, since it watches its stdin.

    Attributes:
        url: What clients take as the base URL; ends in `/v1`.
    """

    def __init__(self, **options: object) -> None:
        """Keep the options, which are the server's command line: `FaultServer(rate_limited=0.1, sticky=True)`."""
        self._options: dict[str, object] = {"port": 0, "until_stdin_closes": True} | options
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> Self:
        """Start the child and wait for its ready line.

        Raises:
            RuntimeError: It ended before it was ready; what it said is on stderr.
        """
        command = [sys.executable, "-m", "benchmarks.fault_server", *flags_of(self._options)]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line.startswith(_READY):
            self.stop()
            raise RuntimeError("the fault server did not start")
        self.url = line.removeprefix(_READY)
        return self

    def stop(self) -> int | None:
        """End the child and return its exit code; without a child, do nothing."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.terminate()
        try:
            return process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()

    def stats(self) -> dict[str, Any]:
        """All counts since the start or the last reset."""
        return self._call("GET", "/stats")

    def reset(self) -> None:
        """Forget all counts."""
        self._call("POST", "/reset")

    def set_faults(self, **changes: object) -> dict[str, Any]:
        """Replace all rates and `always`; other settings change only if named. `set_faults()` heals the server."""
        return self._call("POST", "/faults", changes)

    def _call(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.url.removesuffix("/v1") + path, data=data, method=method)
        with _DIRECT.open(request, timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def __enter__(self) -> Self:
        """Start the server."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server."""
        self.stop()
