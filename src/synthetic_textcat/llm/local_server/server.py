"""Local server as a child process: started at the first call, restarted after a crash, ended with the run."""

import atexit
import importlib.util
import logging
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.interrupts import is_interrupted
from synthetic_textcat.llm.local_server.__main__ import KEY_VARIABLE, READY
from synthetic_textcat.redaction import add_secret, redact
from synthetic_textcat.redaction.names import is_secret_name
from synthetic_textcat.work_pool import usable_cores

logger = logging.getLogger(__name__)

_MODULE = __package__
_MOST_RESTARTS = 3
_LOOK_S = 0.2
"""Seconds between checks, while a model loads, that nobody has pressed Ctrl-C."""

_KEPT_LINES = 40
_ERROR = re.compile(r"[\d.]+ E (.+)")
"""An error in llama.cpp's log: time, level, text."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Options of the catalog entry for the server.

    Attributes:
        slots: Calls that are answered at once; further ones wait.
        context_tokens: Tokens of prompt and reply together. It can change replies, so it is in the fingerprint.
        threads: Threads of llama.cpp; None = one fewer than there are processors for this process. Its threads wait
            for each other in busy loops: with one for each processor, another busy program slows it down tenfold.
        start_seconds: Longest time to load the model.
    """

    slots: int = 2
    context_tokens: int = 4096
    threads: int | None = None
    start_seconds: float = 300.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value <= 0):
                raise ModelSetupError(f"{name}: {value!r} (catalog entry llm, server) is not a positive number")

    @property
    def flags(self) -> Iterator[str]:
        """The options as arguments of the child process."""
        threads = self.threads or max(1, usable_cores() - 1)
        for name, value in {"slots": self.slots, "context": self.context_tokens, "threads": threads}.items():
            yield from (f"--{name}", str(value))


@dataclass(eq=False)
class LocalServer:
    """A child process that serves one GGUF file.

    Attributes:
        file, name, options: The model file, the model's name in requests and replies, and the server's options.
        key: Key that the server asks for: other users and web pages of this machine reach loopback too.
        url: Base URL for clients, once it is ready.
    """

    file: Path
    name: str
    options: ServerOptions
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    url: str = ""
    _process: "subprocess.Popen[str] | None" = field(default=None, repr=False)
    _watch: threading.Thread | None = field(default=None, repr=False)
    _ready: threading.Event = field(default_factory=threading.Event, repr=False)
    _is_ended: bool = field(default=False, repr=False)
    _log: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES), repr=False)

    @property
    def is_alive(self) -> bool:
        """Whether the server answers calls, or is about to."""
        return self._watch is not None and self._watch.is_alive()

    def start(self) -> None:
        """Starts the child process and waits until the model is loaded.

        Raises:
            ModelSetupError: If llama.cpp is not installed, ends before it is ready, or is not ready in time.
            KeyboardInterrupt: If the run is interrupted meanwhile.
        """
        if importlib.util.find_spec("xllamacpp") is None:
            raise ModelSetupError(
                "llm.gguf needs llama.cpp, which is not installed. Next: make generate-local installs it, or "
                "pip install xllamacpp"
            )
        add_secret(self.key, "the key of the local server")
        self._watch = threading.Thread(target=self._keep_up, name="local-server", daemon=True)
        self._watch.start()
        end = time.monotonic() + self.options.start_seconds
        while not self._ready.wait(_LOOK_S) and self.is_alive and time.monotonic() < end and not is_interrupted():
            pass
        if self.url:
            logger.info("llama.cpp serves %s at %s", self.file.name, self.url)
            return
        is_slow = self.is_alive
        self.end()
        if is_interrupted():
            raise KeyboardInterrupt
        late = f"the model is not loaded after {self.options.start_seconds:g} seconds (start_seconds). Next: raise that"
        raise ModelSetupError(
            f"llama.cpp can't serve {self.file}: "
            + (late if is_slow else f"{self._last_words()}. Next: name another file by llm.gguf")
        )

    def end(self) -> None:
        """Ends the child process; idempotent."""
        self._is_ended = True
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()  # it has nothing to save
        process.wait()

    def _last_words(self) -> str:
        """The first error among the last lines of the server's log, else the last line."""
        lines = list(self._log)
        errors = (found[1] for line in lines if (found := _ERROR.match(line)))
        words = next(errors, lines[-1] if lines else "it said nothing")
        return redact(words.strip().rstrip("."))

    def _keep_up(self) -> None:
        """Starts the process, and starts it again on the same port when it crashes; runs in a thread of its own."""
        for again in range(_MOST_RESTARTS, -1, -1):
            with self._spawn() as self._process:
                code = self._follow(self._process)
            if self._is_ended or not self.url:
                return
            then = "it is started again" if again else f"it is not started again after {_MOST_RESTARTS} restarts"
            logger.warning("llama.cpp ended with exit code %d (%s); %s", code, self._last_words(), then)

    def _follow(self, process: "subprocess.Popen[str]") -> int:
        """Reads the output of the process to its end; returns the exit code."""
        if self._is_ended:
            self.end()
        for line in process.stdout or ():
            _, ready, address = line.partition(READY)
            if ready:
                self.url = address.strip()
                self._ready.set()
            else:
                self._log.append(line)
        return process.wait()

    def _spawn(self) -> "subprocess.Popen[str]":
        """Starts the child process in a session of its own: Ctrl-C in the terminal is for the run, which ends it."""
        port = self.url.rpartition(":")[2].partition("/")[0]
        command = [sys.executable, "-m", _MODULE, str(self.file), "--name", self.name, *self.options.flags]
        inherited = {name: value for name, value in os.environ.items() if not is_secret_name(name)}
        return subprocess.Popen(  # noqa: S603
            [*command, *(["--port", port] if port else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**inherited, KEY_VARIABLE: self.key},
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )


_serving: dict[tuple[Path, str, ServerOptions], LocalServer] = {}
_lock = threading.Lock()


def serve(file: Path, name: str, options: ServerOptions) -> LocalServer:
    """The server of a file, started if this process has none: brainstorming, rows and passes of a quota share it.

    Raises:
        ModelSetupError: If it can't be started.
    """
    with _lock:
        asked = (file, name, options)
        server = _serving.get(asked)
        if server is None or not server.is_alive:
            end_all()  # there may be memory for one model only
            server = LocalServer(*asked)
            server.start()
            _serving[asked] = server
        return server


def end_all() -> None:
    """Ends all servers of this process."""
    while _serving:
        _serving.popitem()[1].end()


atexit.register(end_all)
