"""The chat model's catalog entry gives out a recipe and shows no argument of it."""

import pickle

import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import ChatModelDataset
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from tests.support.model_classes import OPENAI_CLASS


def test_loading_gives_the_recipe_and_builds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    dataset = ChatModelDataset(class_path=OPENAI_CLASS, kwargs={"timeout": 5}, metadata={"x": 1})
    assert dataset.load() == ChatModelSpec(OPENAI_CLASS, {"timeout": 5})
    assert dataset.metadata == {"x": 1}


def test_no_argument_is_shown() -> None:
    dataset = ChatModelDataset(class_path="a.B", kwargs={"default_headers": {"X": "sk-secret"}})
    for shown in (repr(dataset), str(dataset), repr(dataset.load())):
        assert "a.B" in shown
        assert "sk-secret" not in shown


def test_the_recipe_can_be_pickled() -> None:
    spec = ChatModelDataset(class_path="a.B", kwargs={"timeout": 5}).load()
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_saving_is_refused() -> None:
    with pytest.raises(DatasetError, match="configured in the catalog"):
        ChatModelDataset(class_path="a.B").save("x")  # type: ignore[arg-type]
