"""Positions of ids: those that a dict would give, of one id as of many, also where an id has several rows."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.tables import FrameTable, IdPositions

_IDS = st.lists(st.text(max_size=3), unique=True, max_size=30)


@given(_IDS, _IDS)
def test_an_id_is_found_where_a_dict_has_it(ids: list[str], sought: list[str]) -> None:
    known = {request_id: place for place, request_id in enumerate(ids)}
    positions = IdPositions(FrameTable(pd.DataFrame({"request_id": pd.array(ids, dtype=object)})))
    wanted = [*sought, *ids]
    expected = [known.get(request_id, -1) for request_id in wanted]
    assert positions.of(wanted).tolist() == expected
    assert [positions.of_one(request_id) for request_id in wanted] == expected
