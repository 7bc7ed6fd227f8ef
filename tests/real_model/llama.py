"""A real llama.cpp server with the default local model, and a project that asks it."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any, NamedTuple, Self

import yaml

from synthetic_textcat.llm.local_server.__main__ import KEY_VARIABLE, READY
from synthetic_textcat.llm.local_server.gguf import find_gguf
from tests.support.project import ROOT, UNTRACKED, Project, environment

PARAMETERS: dict[str, Any] = yaml.safe_load((ROOT / "conf/local_model/parameters.yml").read_text(encoding="utf-8"))
"""The parameters of `--env local_model`."""

GGUF: str = PARAMETERS["llm"]["gguf"]
MODEL = PurePath(GGUF.rpartition(":")[2]).stem
ROWS = int(os.environ.get("PROOF_ROWS", "90"))
KEY = "sk-local-proof-0123456789"
_TOO_LONG_S = 3600.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Tokens(NamedTuple):
    """Sums of tokens: read anew, read from the cache of prompts, and written."""

    read: int
    cached: int
    written: int

    def since(self, before: "Tokens") -> "Tokens":
        """The growth from an earlier count."""
        return Tokens(*(now - then for now, then in zip(self, before, strict=True)))


class LlamaServer:
    """The server of the product, as a process of its own: its counts outlive a run, and a kill of the run."""

    def __init__(self, **flags: object) -> None:
        self._flags = [part for name, value in flags.items() for part in (f"--{name}", str(value))]
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "synthetic_textcat.llm.local_server", str(find_gguf(GGUF)), "--name", MODEL]
        self._process = subprocess.Popen(
            [*command, "--threads", "1", *self._flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, KEY_VARIABLE: KEY},
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip().removeprefix(READY)
        assert self.url, "llama.cpp did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.communicate()  # its standard input ends

    def tokens(self) -> Tokens:
        """The server's own counts since its start."""
        request = urllib.request.Request(
            self.url.removesuffix("/v1") + "/metrics", headers={"Authorization": f"Bearer {KEY}"}
        )
        with _DIRECT.open(request, timeout=60) as response:
            lines = response.read().decode().splitlines()
        counts = dict(line.removeprefix("llamacpp:").split(" ") for line in lines if not line.startswith("#"))
        names = ("prompt_tokens_total", "prompt_tokens_cached_total", "tokens_predicted_total")
        return Tokens(*(int(float(counts[name])) for name in names))

    @property
    def env(self) -> dict[str, str]:
        """What a user exports to reach it."""
        return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": self.url, **UNTRACKED}


class RealProject(Project):
    """A copy of the project with the parameters of the local model, but for the file: it asks a server."""

    def __init__(self, folder: Path, server: LlamaServer, **blocks: dict[str, Any]) -> None:
        super().__init__(folder)
        self.server = server
        self.configure(**blocks)
        self.serve()

    def serve(self, **kwargs: Any) -> None:
        """Writes the model's catalog entry, with these arguments of its class."""
        entry = {
            "type": "synthetic_textcat.datasets.ChatModelDataset",
            "class_path": "langchain_openai.ChatOpenAI",
            "kwargs": {"timeout": 1200, **kwargs},  # a call that is abandoned is counted by the server alone
        }
        self.path("conf/local/catalog_genai.yml").write_text(yaml.safe_dump({"llm": entry}), encoding="utf-8")

    def configure(self, **blocks: dict[str, Any]) -> None:
        """Writes the parameters, with these on top."""
        served: dict[str, Any] = {"llm": {"model": MODEL, "gguf": None}}
        merged = {name: dict(values) for name, values in PARAMETERS.items()}
        for changes in (served, blocks):
            for name, values in changes.items():
                merged[name] = {**merged.get(name, {}), **values}
        self.parameters(**merged)

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """`kedro run --env openai` with these arguments, left running."""
        command = [sys.executable, "-m", "kedro", "run", "--env", "openai", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment(**self.server.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def asks(self, pipeline: str) -> str:
        """Runs a pipeline to its good end; what it printed."""
        running = self.begin("--pipelines", pipeline)
        output, _ = running.communicate(timeout=_TOO_LONG_S)
        assert running.returncode == 0, output
        return output

    def journal_tokens(self, lines: list[dict[str, Any]]) -> Tokens:
        """The tokens that journal lines count; every reply of llama.cpp has its counts."""
        assert all(line["prompt_tokens"] and line["completion_tokens"] is not None for line in lines)
        cached = sum(line["cached_tokens"] or 0 for line in lines)
        read = sum(line["prompt_tokens"] for line in lines)
        return Tokens(read - cached, cached, sum(line["completion_tokens"] for line in lines))
