"""The catalog entry of the list of domains that brainstorming goes through."""

from kedro.io import DatasetError

from synthetic_textcat.datasets.files import FileDataset
from synthetic_textcat.datasets.user_file import content_of
from synthetic_textcat.datasets.yaml_text import read_yaml
from synthetic_textcat.errors import DomainsFileError
from synthetic_textcat.schemas.domains_file import DomainsFile


class DomainsFileDataset(FileDataset):
    """Loads a YAML file, of which errors can then name the path."""

    def load(self) -> DomainsFile:
        """What the file holds.

        Raises:
            DomainsFileError: If it is missing or broken.
        """
        file, content = content_of(self, "domains", DomainsFileError)
        return DomainsFile(file, read_yaml(content, file, DomainsFileError))

    def save(self, data: None) -> None:  # noqa: ARG002
        """Not possible: the file is the user's."""
        raise DatasetError("The list of domains is written by hand; it can't be saved")
