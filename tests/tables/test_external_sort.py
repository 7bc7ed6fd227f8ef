"""Rows in any order, read back by part of the plan: all of them, in the order in which they came."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.tables.external_sort import PlanSorter
from tests.support.examples import examples

_SCHEMA = pa.schema({"position": pa.int64(), "text": pa.large_string()})
_STARTS = [0, 3, 4, 10]


def _sorted(batches: list[list[int]], most_bytes: int) -> list[list[tuple[int, str]]]:
    sorter = PlanSorter(_SCHEMA, _STARTS, most_bytes)
    number = 0
    for positions in batches:
        texts = [f"row {number + place}" for place in range(len(positions))]
        number += len(positions)
        sorter.add(
            pa.record_batch([pa.array(positions, pa.int64()), pa.array(texts, pa.large_string())], _SCHEMA),
            np.array(positions, np.int64),
        )
    parts = [sorter.part(part) for part in range(len(_STARTS) - 1)]
    return [list(zip(part["position"].to_pylist(), part["text"].to_pylist(), strict=True)) for part in parts]


@pytest.mark.parametrize("most_bytes", [0, 100, 10**9])
@examples(30)
@given(batches=st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=8))
def test_each_part_has_its_rows_in_the_order_in_which_they_came(batches: list[list[int]], most_bytes: int) -> None:
    every = [(position, f"row {number}") for number, position in enumerate(p for batch in batches for p in batch)]
    assert _sorted(batches, most_bytes) == [
        [row for row in every if start <= row[0] < end] for start, end in pairwise(_STARTS)
    ]


def test_a_part_is_given_once() -> None:
    sorter = PlanSorter(_SCHEMA, _STARTS, most_bytes=0)
    row = pa.record_batch([pa.array([1], pa.int64()), pa.array(["a"], pa.large_string())], _SCHEMA)
    sorter.add(row, np.array([1], np.int64))
    assert [len(sorter.part(0)), len(sorter.part(0))] == [1, 0]
