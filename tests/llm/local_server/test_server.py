"""The server of a local model is ready when the run asks, comes back after a crash, and never outlives the run."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.chat_models.local_spec import LocalModelSpec
from synthetic_textcat.llm.local_server.server import LocalServer, ServerOptions, end_all, serve
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.support.gguf_files import write_gguf
from tests.support.project import is_alive

_FAKE = Path(__file__).parents[2] / "support" / "fake_llama"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(autouse=True)
def _llama(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(_FAKE)
    monkeypatch.setenv("PYTHONPATH", f"{_FAKE}{os.pathsep}{os.environ['PYTHONPATH']}")
    yield
    end_all()


def _facts(server: LocalServer) -> dict[str, Any]:
    with _DIRECT.open(server.url.removesuffix("/v1") + "/facts", timeout=10) as response:
        facts: dict[str, Any] = json.load(response)
    return facts


def _gone(process: int) -> bool:
    end = time.monotonic() + 10
    while is_alive(process) and time.monotonic() < end:
        time.sleep(0.02)
    return not is_alive(process)


def test_one_server_serves_all_models_built_of_a_file_and_ends_with_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-key-for-another-server")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/v1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    spec = LocalModelSpec("llama.cpp", {"timeout": 5}, options=ServerOptions(slots=3, context_tokens=100))
    llm = LlmParameters(model="tiny", gguf=str(write_gguf(tmp_path / "m.gguf")))

    model: Any = spec.build(llm)
    assert str(spec.build(llm).openai_api_base) == model.openai_api_base  # type: ignore[attr-defined]
    server = serve(tmp_path / "m.gguf", "tiny", spec.options)
    facts = _facts(server)

    assert model.openai_api_base == server.url
    assert model.openai_api_key.get_secret_value() == server.key
    assert (facts["n_parallel"], facts["n_ctx"], facts["ui"]) == (3, 300, False)
    assert "OPENAI_API_KEY" not in facts["keys"]
    assert server.key not in redact(f"key {server.key}")
    end_all()
    assert _gone(facts["process"])


def test_a_server_that_crashes_is_started_again_at_its_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(write_gguf(tmp_path / "m.gguf"), "tiny", ServerOptions())
    first = _facts(server)["process"]

    with caplog.at_level(logging.WARNING):
        os.kill(first, signal.SIGKILL)
        end, second = time.monotonic() + 20, first
        while second == first and time.monotonic() < end:
            time.sleep(0.05)
            try:
                second = _facts(server)["process"]
            except OSError:
                continue

    assert second != first
    assert "llama.cpp ended with exit code -9" in caplog.text
    assert "started again" in caplog.text


@pytest.mark.parametrize(
    ("tail", "says"),
    [
        (b"broken", r"error loading model: tensor data is not within the file\. Next: name another file"),
        (b"crash", r"it said nothing"),
        (b"slow", r"not loaded after 0\.3 seconds \(start_seconds\)"),
    ],
)
def test_a_server_that_does_not_start_fails_in_its_own_words(tmp_path: Path, tail: bytes, says: str) -> None:
    file = write_gguf(tmp_path / "m.gguf", tail=tail)

    with pytest.raises(ModelSetupError, match=says):
        serve(file, "tiny", ServerOptions(start_seconds=0.3 if tail == b"slow" else 60))


@pytest.mark.whole_run  # it waits for seconds
def test_a_killed_run_leaves_no_server(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "m.gguf")
    code = (
        "import sys; from pathlib import Path; from synthetic_textcat.llm.local_server.server import *\n"
        "print(serve(Path(sys.argv[1]), 'tiny', ServerOptions()).url, flush=True); sys.stdin.read()"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    assert run.stdin is not None
    server = LocalServer(file, "tiny", ServerOptions(), url=run.stdout.readline().strip())
    process = _facts(server)["process"]

    run.kill()
    run.wait()
    run.stdin.close()
    run.stdout.close()
    assert _gone(process)


def test_without_llama_cpp_the_line_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)  # also where it is installed

    with pytest.raises(ModelSetupError, match=r"which is not installed\. Next: make generate-local"):
        serve(write_gguf(tmp_path / "m.gguf"), "tiny", ServerOptions())


@pytest.mark.parametrize("options", [{"slots": 0}, {"context_tokens": -1}, {"start_seconds": "x"}, {"threads": True}])
def test_an_option_out_of_range_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ModelSetupError, match=r"\(catalog entry llm, server\) is not a positive number"):
        ServerOptions(**options)


def test_the_identity_of_the_spec_is_what_changes_replies() -> None:
    def identity(**changes: Any) -> object:
        kwargs = changes.pop("kwargs", {})
        return LocalModelSpec("llama.cpp", kwargs, options=ServerOptions(**changes)).identity

    usual = identity()
    assert usual == identity(slots=7, threads=1, start_seconds=5, kwargs={"timeout": 9})
    assert len({str(usual), str(identity(context_tokens=9)), str(identity(kwargs={"extra_body": {"min_p": 0.1}}))}) == 3
    with pytest.raises(ModelSetupError, match="takes no base_url"):
        identity(kwargs={"base_url": "http://x"})
