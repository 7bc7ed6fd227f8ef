"""The bytes of a file that a user hands in, or what is said where there are none."""

from typing import Any

from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.errors import TextcatError


def content_of(dataset: StoredDataset[Any, Any], entry: str, complaint: type[TextcatError]) -> tuple[str, bytes]:
    """The path as it is shown, and what the file holds.

    Args:
        dataset: Of the file.
        entry: Its entry in the catalog, for errors.
        complaint: Raised with what is wrong.

    Raises:
        TextcatError: The `complaint`, if it is missing, or a folder.
        StorageError: If it can't be read.
    """
    try:
        place = dataset.place
        return place.shown, place.content()
    except IsADirectoryError:
        raise complaint(f"{place.shown} is a folder. Next: set a file as filepath of {entry} in the catalog") from None
    except FileNotFoundError as error:
        raise complaint(
            f"{error.filename} is missing. Next: restore it, or set the filepath of {entry} in the catalog"
        ) from None
