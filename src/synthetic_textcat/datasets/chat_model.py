"""Catalog dataset of the chat model: a frozen, picklable spec that builds the model."""

from typing import Any

from kedro.io import AbstractDataset, DatasetError

from synthetic_textcat.datasets.kedro_compat import JSONPreview
from synthetic_textcat.datasets.previews import value_preview
from synthetic_textcat.llm.spec import ChatModelSpec


class ChatModelDataset(AbstractDataset[None, ChatModelSpec]):
    """Loads the recipe of a chat model: its class, and what its constructor takes beside `params:llm`.

    The stock dataset loads the model itself, which can't be pickled, takes no metadata and no client.

    Args:
        class_path: Dotted path of a LangChain chat-model class.
        kwargs: Constructor arguments: `timeout`, `default_headers`, `base_url`, ... and `max_retries`, which is the
            engine's. Never a key: clients read it from the environment.
        metadata: For plugins, such as the Kedro-Viz layer.
    """

    def __init__(
        self, *, class_path: str, kwargs: dict[str, Any] | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        self._spec = ChatModelSpec(class_path, kwargs or {})
        self._spec.learn_secrets()
        self.metadata = metadata

    def load(self) -> ChatModelSpec:
        """The recipe; nothing is built and nobody is asked."""
        return self._spec

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: the entry is edited in the catalog."""
        raise DatasetError("The chat model is configured in the catalog; it can't be saved")

    def preview(self) -> JSONPreview:
        """The class, and of its arguments the names, for Kedro-Viz: a header's value may be a secret."""
        return value_preview({"class_path": self._spec.class_path, "kwargs": sorted(self._spec.kwargs)})

    def _describe(self) -> dict[str, Any]:
        return {"class_path": self._spec.class_path}
