"""Rows that are compared: walks over those that stand, and details that name other rows."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.quality_report.checks.compared_rows import ComparedRows, Detail, OfRow
from synthetic_textcat.tables import MadeTable, RowTable

_MASKS = st.lists(st.booleans(), min_size=40, max_size=40)


def _table(rows: int, batch: int = 7) -> RowTable:
    numbers = range(rows)
    frame = pd.DataFrame({"request_id": [f"r{n}" for n in numbers], "comparison_text": [f"t{n}" for n in numbers]})
    parts = [frame.iloc[start : start + batch] for start in range(0, rows, batch)]
    return MadeTable(lambda: parts, {"request_id": "str", "comparison_text": "str"}, rows)


@given(outer=_MASKS, inner=_MASKS)
def test_walks_give_the_rows_that_stand_with_their_positions(outer: list[bool], inner: list[bool]) -> None:
    gone = np.flatnonzero(np.array(outer) & np.array(inner))
    rows = ComparedRows(_table(40), np.array(outer)).without(gone)
    expected = [place for place in np.flatnonzero(outer).tolist() if place not in gone]
    walked = [(place, text) for places, texts in rows.texts() for place, text in zip(places, texts, strict=True)]
    assert walked == [(place, f"t{place}") for place in expected]
    assert len(rows) == len(expected)


def test_hits_are_in_order_with_the_ids_of_the_rows_that_they_name() -> None:
    rows = ComparedRows(_table(20), np.ones(20, bool))
    details: list[tuple[int, Detail]] = [
        (18, OfRow("same text as", 3)),
        (4, "seed example"),
        (9, OfRow("0.9 like", 17)),
    ]
    hits = rows.hits(details)
    assert hits.places.tolist() == [4, 9, 18]
    assert hits.details.to_pylist() == ["seed example", "0.9 like r17", "same text as r3"]
    places, within = hits.within(9, 18)
    assert (places.tolist(), within.tolist()) == ([0], ["0.9 like r17"])
    nothing = rows.hits([])
    assert [len(part) for part in nothing] == [0, 0]
