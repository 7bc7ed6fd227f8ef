"""The catalog entry of a prompt, or a part of one, in a YAML file."""

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from kedro.io import DatasetError, Version
from kedro_datasets._typing import JSONPreview

from synthetic_textcat.datasets.previews import ABSENT, value_preview
from synthetic_textcat.datasets.prompt_forms import messages_of, text_of
from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.datasets.user_file import content_of
from synthetic_textcat.datasets.yaml_text import line_of, read_yaml
from synthetic_textcat.errors import PromptError
from synthetic_textcat.llm.placeholders import FILE

if TYPE_CHECKING:
    from langchain_core.prompts import ChatPromptTemplate, PromptTemplate


class PromptDataset(StoredDataset[None, Any]):
    """Loads a prompt as LangChain's template, which then knows its file.

    Kedro's own dataset of prompts serves too, but passes the library's errors on, which name no file and no mend.

    Args:
        filepath: A YAML file: a list of messages with `role` and `content`, or one under `messages`; of a part of a
            prompt a text, or one under `template`.
        template: `ChatPromptTemplate` for messages, `PromptTemplate` for a part.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    def __init__(
        self,
        *,
        filepath: str,
        template: Literal["ChatPromptTemplate", "PromptTemplate"] = "ChatPromptTemplate",
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            filepath=filepath, version=version, credentials=credentials, fs_args=fs_args, metadata=metadata
        )
        self._template = template

    def load(self) -> "ChatPromptTemplate | PromptTemplate":
        """The template.

        Raises:
            PromptError: If the file is missing, or holds no prompt.
        """
        from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

        file, raw = content_of(self, "its entry", PromptError)
        content, place = read_yaml(raw, file, PromptError), partial(line_of, raw)
        if self._template == "PromptTemplate":
            return PromptTemplate.from_template(text_of(content, file, place), metadata={FILE: file})
        return ChatPromptTemplate(messages_of(content, file, place), metadata={FILE: file})

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: the file is the user's."""
        raise DatasetError("A prompt is written by hand; it can't be saved")

    def preview(self) -> JSONPreview:
        """What the file holds, for Kedro-Viz."""
        with self.peek() as path:
            return value_preview(read_yaml(path.read_bytes(), self.place.shown, PromptError) if path else [ABSENT])

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "template": self._template}
