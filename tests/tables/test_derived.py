"""Row tables made of others hold the rows that the same steps give on a frame, whatever the batches."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.tables import FrameTable, MadeTable, RowTable, permuted
from synthetic_textcat.tables.derived import RowGroups, factorized, filtered, mapped

_DTYPES = {"task_id": "str", "text": "str", "number": "int64"}


def _frame(tasks: list[int]) -> pd.DataFrame:
    columns = {
        "task_id": [f"task {task}" for task in tasks],
        "text": [f"text {number}" if number % 4 else None for number in range(len(tasks))],
        "number": range(len(tasks)),
    }
    return pd.DataFrame(columns).astype(_DTYPES)


def _in_batches(frame: pd.DataFrame, rows: int) -> RowTable:
    return MadeTable(lambda: (frame.iloc[start : start + rows] for start in range(0, len(frame), rows)), _DTYPES)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthetic_textcat.tables.permuted_tables.BATCH_ROWS", 7)
    monkeypatch.setattr("synthetic_textcat.tables.permuted_tables._STRETCH", 3)


def test_rows_are_changed_batch_by_batch() -> None:
    frame = _frame([1, 2, 1])
    found = mapped(_in_batches(frame, 2), lambda rows: rows[["text"]].assign(long=rows["number"] > 1))
    pd.testing.assert_frame_equal(found.to_pandas(), frame[["text"]].assign(long=[False, False, True]))
    assert (len(found), found.names) == (3, ["text", "long"])


_TASKS = st.lists(st.integers(0, 5), max_size=40)


@given(_TASKS, st.integers(1, 9), st.data())
def test_a_filter_keeps_the_rows_of_its_mask(tasks: list[int], rows: int, data: st.DataObject) -> None:
    frame = _frame(tasks)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(tasks), max_size=len(tasks))), bool)
    found = filtered(_in_batches(frame, rows), mask, ["number", "text"])
    pd.testing.assert_frame_equal(found.to_pandas(), frame.loc[mask, ["number", "text"]].reset_index(drop=True))
    assert len(found) == mask.sum()


@given(_TASKS, st.integers(1, 9), st.data())
def test_a_permutation_puts_each_row_in_its_place(tasks: list[int], rows: int, data: st.DataObject) -> None:
    frame = _frame(tasks)
    order = np.array(data.draw(st.permutations(range(len(tasks)))), np.intp)
    found, wanted = permuted(_in_batches(frame, rows), order), frame.iloc[order].reset_index(drop=True)
    pd.testing.assert_frame_equal(found.to_pandas(), wanted)
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(tasks)), st.integers(0, len(tasks)))))
    pd.testing.assert_frame_equal(found.range(start, end).to_pandas(), wanted.iloc[start:end].reset_index(drop=True))


@given(_TASKS, st.integers(1, 9))
def test_groups_are_those_of_the_frame(tasks: list[int], rows: int) -> None:
    frame = _frame(tasks)
    groups = RowGroups(_in_batches(frame, rows), "task_id")
    wanted = {str(name): own.reset_index(drop=True) for name, own in frame.groupby("task_id", sort=True)}
    assert groups.values == list(wanted)
    assert groups.first("number") == [own["number"].iloc[0] for own in wanted.values()]
    for number, own in enumerate(wanted.values()):
        pd.testing.assert_frame_equal(groups.of(number).to_pandas(), own)
    assert groups.order.tolist() == frame["task_id"].argsort(kind="stable").tolist()


def test_values_are_numbered_as_they_appear() -> None:
    frame = _frame([3, 1, 3, 2, 1])
    codes, values = factorized(_in_batches(frame, 2), "task_id")
    assert (codes.tolist(), values) == ([0, 1, 0, 2, 1], ["task 3", "task 1", "task 2"])
    codes, values = factorized(_in_batches(frame, 2), "text")
    assert (codes.tolist(), values) == ([-1, 0, 1, 2, -1], ["text 1", "text 2", "text 3"])
    codes, pairs = factorized(_in_batches(frame, 2), "task_id", "number")
    assert (codes.tolist(), pairs[:2]) == ([0, 1, 2, 3, 4], [("task 3", 0), ("task 1", 1)])


def test_temporary_files_go_with_the_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    found = permuted(FrameTable(_frame([1, 2])), np.array([1, 0]))
    assert len(list(tmp_path.iterdir())) == 1
    del found
    assert not list(tmp_path.iterdir())
