"""A worker that can't do the work, or would do it otherwise, is refused with what to do."""

from pathlib import Path

import pytest

from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.shards.folder import SharedFolder
from synthetic_textcat.llm.shards.worker_probe import Probe, fault, probe
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.support.each_case import each_of
from tests.support.model_classes import OFFLINE_CLASS, OPENAI_CLASS

_OWN = Probe("3.11", "0.1.0 (aaa)", "model-1", "")


@each_of(
    ("said", "why"),
    [
        (_OWN._replace(python="3.12"), "has Python 3.12, and this run has 3.11. Next: install the same wheel"),
        (_OWN._replace(package="0.1.0 (bbb)"), "has synthetic-textcat 0.1.0 (bbb), and this run has 0.1.0 (aaa). Next"),
        (_OWN._replace(fault="X is not set"), "can't do the work: X is not set"),
        (_OWN._replace(model="model-2"), "would ask another server than this run"),
        (ModuleNotFoundError("No module named 'synthetic_textcat'"), "can't load this package (ModuleNotFoundError"),
        (None, "can't load this package"),
        (ConnectionError("closed"), "was lost while it was asked (ConnectionError: closed). Next: look at its log"),
    ],
)
def test_a_worker_that_differs_is_refused(said: object, why: str) -> None:
    assert fault(said, _OWN).startswith(why)


def test_a_worker_like_the_driver_is_taken() -> None:
    assert fault(_OWN, _OWN) == ""


def test_the_address_counts_unless_it_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    folder = tmp_path / "completions"
    SharedFolder(folder).begin("run-1")
    here, there = (ChatModelSpec(OPENAI_CLASS, {"base_url": f"http://{host}/v1"}) for host in ("here", "there"))
    unnamed, named = LlmParameters(model="m"), LlmParameters(model="m", endpoint_name="my-fleet")
    assert "another server" in fault(probe(there, unnamed, "run-1", folder), probe(here, unnamed, "run-1", folder))
    assert fault(probe(there, named, "run-1", folder), probe(here, named, "run-1", folder)) == ""
    offline = probe(ChatModelSpec(OFFLINE_CLASS), LlmParameters(model=OFFLINE_MODEL), "run-2", folder)
    assert "is not the folder of the run" in offline.fault
