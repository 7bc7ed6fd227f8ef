"""Rows of the exported dataset folder with their splits, read in record batches from its files."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd

from synthetic_textcat.errors import EvaluationError, StaleTableError
from synthetic_textcat.schemas.label_sets import label_set_code, labels_of
from synthetic_textcat.schemas.publications import SPLITS, path_of
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.tables import FrameTable, KeyPositions, RowTable
from synthetic_textcat.tables.row_table import Columns
from synthetic_textcat.text.equal_texts import Hashes, hashes_of

SPLIT = "split"
_KEYS = ("request_id", "input_text", "label", "labels")
_ID = "request_id"
_BETWEEN = "\x1f"


class File(Protocol):
    """A file of the folder."""

    def table(self) -> RowTable:
        """Rows of a Parquet file."""


Files = Mapping[str, File]


class EmptySplitError(EvaluationError):
    """Exported split without rows."""


def exported_rows(files: Files, examples: RowTable) -> RowTable:
    """Rows of all exported splits, with the columns of `examples` and `split`.

    Raises:
        StaleTableError: If a row is not in `examples`.
    """
    parts = {split: files[name].table() for split in SPLITS if (name := path_of("default", split)) in files}
    if not parts:
        return FrameTable(examples.empty().assign(**{SPLIT: pd.array([], dtype="str")}))
    rows = _RowsOfSplits(parts)
    known = KeyPositions(len(examples), (_digests(_keys(frame)) for frame in examples.frames(_names(examples))))
    unknown = sum(int((known.find(_digests(_keys(frame))) < 0).sum()) for frame in rows.frames(_names(rows)))
    if unknown:
        raise StaleTableError(
            f"{unknown} rows of the dataset 'huggingface' are not in 'examples': the folder belongs to "
            "another run. Next: run `kedro run --pipelines export`, then the same command"
        )
    return rows


class _RowsOfSplits(RowTable):
    """The rows of one split after those of another, with the column `split`.

    Args:
        parts: The rows of each split, with the same columns.
    """

    def __init__(self, parts: Mapping[str, RowTable]) -> None:
        self._parts = parts

    @property
    def names(self) -> list[str]:
        return [*next(iter(self._parts.values())).names, SPLIT]

    def __len__(self) -> int:
        return sum(map(len, self._parts.values()))

    def empty(self, columns: Columns | None = None) -> pd.DataFrame:
        rows = next(iter(self._parts.values())).empty()
        return rows.assign(**{SPLIT: pd.array([], dtype="str")})[self._checked(columns)]

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        stored = [name for name in columns if name != SPLIT] or [_ID]
        for split, table in self._parts.items():
            for frame in table.frames(stored, rows):
                yield frame.assign(**{SPLIT: pd.array([split] * len(frame), dtype="str")})


def _names(rows: RowTable) -> list[str]:
    return [name for name in _KEYS if name in rows]


def _keys(rows: pd.DataFrame) -> Hashes:
    """Hash of id, text and label of each row; label sets as their codes."""
    labels = plain(rows["label"])
    if None in labels:
        sets = labels_of(rows)
        labels = [label_set_code(own or ()) if one is None else one for one, own in zip(labels, sets, strict=True)]
    return hashes_of(list(map(_BETWEEN.join, zip(plain(rows[_ID]), plain(rows["input_text"]), labels, strict=True))))


def _digests(hashes: Hashes) -> "np.ndarray[Any, np.dtype[np.bytes_]]":
    return np.ascontiguousarray(hashes).view("S16").ravel()


def triplets_of(files: Files, split: str) -> RowTable:
    """Triplets of a split.

    Raises:
        EmptySplitError: If there are none.
    """
    name = path_of("triplet", split)
    rows = files[name].table() if name in files else None
    if rows is None or not len(rows):
        raise EmptySplitError(
            f"The exported dataset folder has no rows in {name}. Next: plan more rows "
            "(attribute_sampling.num_examples), give that split a share (export.splits), or, since rows with the same "
            "leading seed example share a split, give ten or more seed examples per label; then generate again"
        )
    return rows
