"""JSON of a column is what Python's own encoder makes of each value."""

import json

import pandas as pd
import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from synthetic_textcat.text.json_columns import data_of, joined, json_column, json_key, without_null

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def _lines(values: pa.Array) -> list[str]:
    return [value.decode() for value in values.to_pylist()]


@given(st.lists(_TEXT | st.none()), st.integers(0, 3))
@example(['a",', ',"', "\\", 'x\\",\n', "\x7f\u2028\U0010ffff", "", None, "a/b"], 1)
@example([chr(code) for code in range(0x300)], 0)
def test_texts_are_those_of_the_standard_library(texts: list[str | None], start: int) -> None:
    column = pd.Series(texts, dtype="str").iloc[start:]  # Arrow keeps what is before a slice
    wanted = [json.dumps(text, ensure_ascii=False) for text in texts[start:]]
    assert _lines(json_column(column)) == wanted
    assert _lines(json_column(column, escape_slashes=True)) == [text.replace("/", "\\/") for text in wanted]
    assert bytes(data_of(json_column(column))).decode() == "".join(wanted)


def test_numbers_and_lists_are_values_too() -> None:
    assert _lines(json_column(pd.Series([-1, 2**40]))) == ["-1", str(2**40)]
    assert _lines(json_column(pd.Series([["a/b"], []]), escape_slashes=True)) == ['["a\\/b"]', "[]"]
    assert json_key('a/"b', escape_slashes=True) == b'"a\\/\\"b":'


def test_rows_are_joined_without_what_is_missing() -> None:
    column = json_column(pd.Series(["x", None, "null"], dtype="str"))
    assert _lines(joined(b"{", without_null(b'"a": ', column), b"}")) == ['{"a": "x"}', "{}", '{"a": "null"}']
