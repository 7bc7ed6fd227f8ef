"""The bytes of a file that a user hands in, or what is said where there are none."""

from pathlib import Path

from synthetic_textcat.errors import TextcatError
from synthetic_textcat.plain_errors import short_path


def bytes_of(path: Path, entry: str, complaint: type[TextcatError]) -> bytes:
    """What the file holds.

    Args:
        path: Of the file.
        entry: Its entry in the catalog, for errors.
        complaint: Raised with what is wrong.

    Raises:
        TextcatError: The `complaint`, if it is missing, or a folder.
    """
    if path.is_dir():
        raise complaint(f"{short_path(path)} is a folder. Next: set a file as filepath of {entry} in the catalog")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise complaint(
            f"{short_path(path)} is missing. Next: restore it, or set the filepath of {entry} in the catalog"
        ) from None
