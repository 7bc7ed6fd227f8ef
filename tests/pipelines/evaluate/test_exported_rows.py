"""The exported rows are walked in record batches, however many there are."""

import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthetic_textcat.datasets.folder import FolderDataset
from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.evaluate.exported_rows import exported_rows
from synthetic_textcat.pipelines.evaluate.inputs import real_rows
from synthetic_textcat.pipelines.evaluate.train_test_sets import trials_of
from synthetic_textcat.schemas.publications import SPLITS
from synthetic_textcat.tables import RowTable
from tests.pipelines.evaluate.builders import OTHER, TASKS, evaluation_set, exported, labelled

_ROWS = 120


class WalkedTable(RowTable):
    """Rows that are given a few at a time; `most` notes how many of them were held at once."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._frame = rows
        self._held = self.most = 0

    @property
    def names(self) -> list[str]:
        return list(self._frame.columns)

    def __len__(self) -> int:
        return len(self._frame)

    def empty(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        return self._frame.iloc[:0][self._checked(columns)]

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        raise AssertionError(f"all rows are read at once, with the columns {columns}")

    def _batches(self, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
        rows = min(rows, 20)
        for start in range(0, len(self._frame), rows):
            frame = self._frame.iloc[start : start + rows][columns].reset_index(drop=True)
            self._held += len(frame)
            self.most = max(self.most, self._held)
            weakref.finalize(frame, self._let_go, len(frame))
            yield frame

    def _let_go(self, rows: int) -> None:
        self._held -= rows


class WalkedFile:
    """A file whose rows are walked."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._table = WalkedTable(rows)

    def table(self) -> RowTable:
        """The rows."""
        return self._table


def _made() -> pd.DataFrame:
    parts = [exported(labelled(_ROWS, split), split) for split in SPLITS]
    sad = exported([(f"Oh well {number}.", "Sad") for number in range(60)], task=OTHER)
    return pd.concat([*parts, sad], ignore_index=True)


def test_rows_are_walked_and_never_held() -> None:
    made = _made()
    files = {
        f"data/default-{split}.parquet": WalkedFile(own.drop(columns="split")) for split, own in made.groupby("split")
    }
    examples = WalkedTable(made.drop(columns="split"))
    rows = exported_rows(files, examples)
    assert rows["split"].value_counts().to_dict() == {"train": _ROWS + 60, "validation": _ROWS, "test": _ROWS}

    found = trials_of(rows, real_rows(evaluation_set(labelled(30, "real")), TASKS).rows, TASKS, 0.6, 42)

    assert [len(trial.train) for trial in found] == [_ROWS, 60]
    assert [len(trial.held_out) for trial in found] == [_ROWS, 0]
    assert max(table.most for table in (examples, *(file.table() for file in files.values()))) <= 60


def test_the_files_of_the_folder_are_read_as_they_were_written(tmp_path: Path) -> None:
    made = _made()
    folder = FolderDataset(path=str(tmp_path / "huggingface"))
    folder.save({f"data/default-{split}.parquet": own.drop(columns="split") for split, own in made.groupby("split")})
    examples = made.drop(columns="split").iloc[::-1].reset_index(drop=True)
    rows = exported_rows(folder.load(), WalkedTable(examples))
    expected = made.assign(split=pd.Categorical(made["split"], SPLITS)).sort_values("split", kind="stable")
    assert rows["request_id"].tolist() == expected["request_id"].tolist()
    assert rows["labels"].tolist() == expected["labels"].tolist()

    other = examples.assign(input_text=np.where(examples.index < 2, "another", examples["input_text"]))
    with pytest.raises(StaleTableError, match=r"^2 rows of the dataset 'huggingface' are not in 'examples'"):
        exported_rows(folder.load(), WalkedTable(other))
