"""The plan by position: any order of positions gives those rows, whatever the batches are."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.llm.calls.plan_reader import PlanReader
from synthetic_textcat.tables import MadeTable
from tests.support.examples import examples

_PLAN = pd.DataFrame({"request_id": [f"r{n}" for n in range(10)], "task_id": list("abcabcabca")})


def _made() -> Iterator[pd.DataFrame]:
    yield from (_PLAN.iloc[start : start + 4] for start in (0, 4, 8))


_TABLE = MadeTable(_made, {"request_id": "str", "task_id": "str"}, len(_PLAN))


@examples(40)
@given(st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=5))
def test_rows_come_in_the_order_of_the_positions(steps: list[list[int]]) -> None:
    reader = PlanReader(_TABLE)
    for positions in steps:
        assert reader.at(positions)["request_id"].tolist() == [f"r{position}" for position in positions]


def test_a_row_that_is_not_planned_is_an_error() -> None:
    with pytest.raises(IndexError):
        PlanReader(_TABLE).at([3, 10])


def test_tasks_of_rows_are_counted_and_found() -> None:
    reader, positions = PlanReader(_TABLE), np.array([0, 1, 3, 9])
    assert reader.counts(positions) == {"a": 3, "b": 1}
    assert reader.are_of(["b", "none"], positions).tolist() == [False, True, False, False]
    assert reader.are_of([], positions).tolist() == [False] * 4
