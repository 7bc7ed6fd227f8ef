"""The catalog entry of a prompt, or a part of one, in a YAML file."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import JSONPreview

from synthetic_textcat.datasets.previews import ABSENT, value_preview
from synthetic_textcat.datasets.prompt_forms import messages_of, text_of
from synthetic_textcat.datasets.user_file import bytes_of
from synthetic_textcat.datasets.yaml_text import line_of, read_yaml
from synthetic_textcat.errors import PromptError
from synthetic_textcat.llm.placeholders import FILE
from synthetic_textcat.plain_errors import short_path

if TYPE_CHECKING:
    from langchain_core.prompts import ChatPromptTemplate, PromptTemplate


class PromptDataset(AbstractDataset[None, Any]):
    """Loads a prompt as LangChain's template, which then knows its file.

    Kedro's own dataset of prompts serves too, but passes the library's errors on, which name no file and no mend.

    Args:
        filepath: A YAML file: a list of messages with `role` and `content`, or one under `messages`; of a part of a
            prompt a text, or one under `template`.
        template: `ChatPromptTemplate` for messages, `PromptTemplate` for a part.
        metadata: For plugins: the Kedro-Viz layer, what MLflow gets.
    """

    def __init__(
        self,
        *,
        filepath: str,
        template: Literal["ChatPromptTemplate", "PromptTemplate"] = "ChatPromptTemplate",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = Path(filepath)
        self._template = template
        self.metadata = metadata

    def load(self) -> "ChatPromptTemplate | PromptTemplate":
        """The template.

        Raises:
            PromptError: If the file is missing, or holds no prompt.
        """
        from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

        file = short_path(self._filepath)
        raw = bytes_of(self._filepath, "its entry", PromptError)
        content, place = read_yaml(raw, file, PromptError), partial(line_of, raw)
        if self._template == "PromptTemplate":
            return PromptTemplate.from_template(text_of(content, file, place), metadata={FILE: file})
        return ChatPromptTemplate(messages_of(content, file, place), metadata={FILE: file})

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: the file is the user's."""
        raise DatasetError("A prompt is written by hand; it can't be saved")

    def preview(self) -> JSONPreview:
        """What the file holds, for Kedro-Viz."""
        if not self._exists():
            return value_preview([ABSENT])
        return value_preview(read_yaml(self._filepath.read_bytes(), short_path(self._filepath), PromptError))

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "template": self._template}
