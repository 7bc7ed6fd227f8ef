"""Catalog dataset of a repository on a dataset hub: saving an order pushes the files that it names."""

import os

from synthetic_textcat.datasets.file_formats import write
from synthetic_textcat.datasets.files import FileDataset
from synthetic_textcat.datasets.replacing import replacing
from synthetic_textcat.schemas.publications import PublicationOrder

_HUB = "https://huggingface.co"


def hub_endpoint() -> str:
    """The hub's address: `HF_ENDPOINT`, or the public hub."""
    return (os.environ.get("HF_ENDPOINT") or _HUB).rstrip("/")


class HubRepositoryDataset(FileDataset):
    """Pushes files to the hub named by `HF_ENDPOINT`, with the token in `HF_TOKEN`, and records the push.

    Its own file is the note, as JSON, which is what is loaded.
    """

    def save(self, data: PublicationOrder) -> None:
        """Pushes the files of the order's plan, and records the push.

        Raises:
            PublishError: If that does not work; then nothing is to be seen there that was not before.
        """
        from synthetic_textcat.datasets.hub_client import push  # with its client: other pipelines do without

        place = self.place_to_save
        pushed = push(data, hub_endpoint())
        with replacing(place) as fresh:
            write(fresh, pushed)
