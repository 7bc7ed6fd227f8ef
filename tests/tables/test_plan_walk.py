"""The walk in plan order joins as an index of all ids would, in any batches, and refuses rows of another plan."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.tables import FrameTable, in_plan_order
from synthetic_textcat.tables.plan_walk import plan_places


def _table(ids: list[int]) -> FrameTable:
    return FrameTable(pd.DataFrame({"request_id": [f"id {number}" for number in ids], "value": ids}).astype(_DTYPES))


_DTYPES = {"request_id": "str", "value": "int64"}


@given(st.integers(0, 40), st.data(), st.integers(1, 15))
def test_the_walk_joins_as_a_look_up_of_ids_does(planned: int, data: st.DataObject, rows: int) -> None:
    subsets = {
        name: sorted(data.draw(st.sets(st.integers(0, planned - 1)))) if planned else [] for name in ("good", "bad")
    }
    tables = {name: _table(ids) for name, ids in subsets.items()}
    starts, joined, places = [], dict[str, list[int]](good=[], bad=[]), dict[str, list[int]](good=[], bad=[])
    for part in in_plan_order(_table(list(range(planned))), tables, {"good": ["value"]}, rows):
        starts.append(part.start)
        assert len(part.planned) <= rows
        for name, subset in part.subsets.items():
            joined[name] += subset.rows["value"].tolist()
            places[name] += subset.places.tolist()
            assert set(subset.places.tolist()) <= set(range(part.start, part.start + len(part.planned)))
    assert starts == list(range(0, planned, rows))
    assert joined == places == subsets
    for name, table in tables.items():
        assert plan_places(_table(list(range(planned))), table, name).tolist() == subsets[name]


@pytest.mark.parametrize("ids", [[3, 99], [99, 3], [5, 3], [3, 3]])
@pytest.mark.parametrize("rows", [2, 100])
def test_a_row_of_another_plan_or_order_is_named(ids: list[int], rows: int) -> None:
    with pytest.raises(
        StaleTableError, match=r"Row id \d+ of the dataset 'examples' is not in the plan, which is newer"
    ):
        list(in_plan_order(_table(list(range(10))), {"examples": _table(ids)}, rows=rows))
