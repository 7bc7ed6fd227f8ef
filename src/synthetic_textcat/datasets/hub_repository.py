"""The catalog entry of a dataset repository on a hub: to save a plan is to push what it names."""

import os
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from synthetic_textcat.datasets.file_formats import read, write
from synthetic_textcat.datasets.previews import preview_of
from synthetic_textcat.datasets.whole_file import replacing
from synthetic_textcat.schemas.publications import Publication, PublicationPlan

_HUB = "https://huggingface.co"


def hub_endpoint() -> str:
    """The hub's address: `HF_ENDPOINT`, or the public hub."""
    return (os.environ.get("HF_ENDPOINT") or _HUB).rstrip("/")


class HubRepositoryDataset(AbstractDataset[PublicationPlan, Publication]):
    """Pushes a folder to the hub that `HF_ENDPOINT` names, with the token in `HF_TOKEN`, and notes what was pushed.

    Args:
        folder: Where the files are that a plan names.
        filepath: The note: a JSON file, which is what is loaded.
        metadata: For plugins: the Kedro-Viz layer, what MLflow gets.
    """

    def __init__(self, *, folder: str, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._folder = Path(folder)
        self._filepath = Path(filepath)
        self.metadata = metadata
        self.preview = preview_of(self._filepath)

    def load(self) -> Publication:
        """What was pushed last.

        Raises:
            FileNotFoundError: If nothing was.
        """
        pushed: Publication = read(self._filepath)
        return pushed

    def save(self, data: PublicationPlan) -> None:
        """Pushes what the plan names.

        Raises:
            PublishError: If that does not work; then nothing is to be seen there that was not before.
        """
        from synthetic_textcat.datasets.hub_push import push  # with its client: other pipelines do without

        pushed = push(data, self._folder, hub_endpoint())
        with replacing(self._filepath) as fresh:
            write(fresh, pushed)

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"folder": str(self._folder), "filepath": str(self._filepath)}
