"""A real S3 server on loopback: moto's, as a child process of the tests."""

import subprocess
import sys
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import fsspec

_SERVE = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://%s:%s" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""
_END_S = 5.0
BUCKET = "team-bucket"


class S3Server:
    """A server that runs while the `with` block does; it also ends when this process is killed.

    Attributes:
        url: Its address.
    """

    def __init__(self) -> None:
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def credentials(self) -> dict[str, Any]:
        """What stands in `credentials.yml`."""
        return {
            "key": "access-key-of-the-team",
            "secret": "secret-of-the-team-0123456789",
            "client_kwargs": {"endpoint_url": self.url},
        }

    @cached_property
    def files(self) -> Any:
        """The server's file system, as somebody else sees it: another instance, and nothing remembered."""
        return fsspec.filesystem("s3", use_listings_cache=False, **self.credentials)

    def names(self, under: str = "") -> list[str]:
        """All objects of the bucket below this prefix."""
        return sorted(name.removeprefix(f"{BUCKET}/") for name in self.files.find(f"{BUCKET}/{under}".rstrip("/")))

    def clear(self) -> None:
        """Removes all objects."""
        if found := self.files.find(BUCKET):
            self.files.rm(found)

    def __enter__(self) -> Self:
        """Starts the server, with a bucket."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the S3 server did not start"
        self.files.mkdir(BUCKET)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the server."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
