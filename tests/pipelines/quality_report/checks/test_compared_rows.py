"""Columns of rows that are compared: parts of parts, near one another and far apart."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.quality_report.checks.compared_rows import Compared, ComparedRows, TextColumn

_MASKS = st.lists(st.booleans(), min_size=40, max_size=40)


@given(outer=_MASKS, inner=_MASKS, start=st.integers(0, 45), stop=st.integers(0, 45))
def test_some_of_some_texts_are_those_of_a_list(outer: list[bool], inner: list[bool], start: int, stop: int) -> None:
    column = pd.concat([pd.Series([f"t{place}"], dtype="str") for place in range(40)], ignore_index=True)
    kept = np.flatnonzero(outer)
    again = np.flatnonzero(inner[: len(kept)])
    texts = TextColumn(column, kept).at(again)
    expected = [f"t{place}" for place in kept[again].tolist()]
    assert list(texts) == expected
    assert texts[start:stop] == expected[start:stop]
    assert [texts[place] for place in range(len(texts))] == expected


def test_texts_that_are_far_apart_in_their_column() -> None:
    column = pd.Series([str(place) for place in range(70_000)], dtype="str")
    places = np.array([0, 1, 19_999, 20_000, 20_001, 45_000, 69_999])
    assert list(TextColumn(column, places)) == [str(place) for place in places.tolist()]


def test_rows_keep_their_details_in_a_part() -> None:
    rows = ComparedRows.of([Compared("r0", "a", frozenset({"s"})), Compared("r1", "b", disputed="no", ambiguous="too")])
    part = rows.at(np.array([1]))
    assert (list(part.request_ids), list(part.texts)) == (["r1"], ["b"])
    assert part.seed_texts[part.task_of[0]] == frozenset()
    assert (part.disputed, part.ambiguous) == ({"r1": "no"}, {"r1": "too"})
