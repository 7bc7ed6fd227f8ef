"""Pickling for other processes: row tables by their files, and not by their rows."""

import io
import pickle
from collections.abc import Callable
from typing import Any

from synthetic_textcat.tables.row_table import RowTable


def by_reference(value: Any) -> bytes:
    """A pickled value, in which row tables are files to open, as far as they have files.

    The files must be there when it is loaded: hold the tables until then.

    Args:
        value: For example a function with its arguments.
    """
    buffer = io.BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(value)
    return buffer.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        return value.reference() if isinstance(value, RowTable) else NotImplemented


class SharedFiles(dict[str, Any]):
    """Files by name, each a content or a function that makes it, which several processes may write.

    Args:
        files: The files.
        share: Applies a function to lists of items in other processes, such as the `map` of a work pool.
    """

    def __init__(self, files: dict[str, Any], share: Callable[..., Any]) -> None:
        super().__init__(files)
        self.share = share
