"""Frames of given columns and dtypes are those that pandas makes."""

import pandas as pd
import pytest

from synthetic_textcat.schemas.rows import EXAMPLES, FAILED, OUTCOMES
from synthetic_textcat.tables import empty_frame, with_dtypes
from synthetic_textcat.tables.typed_frames import with_names

_FRAME = pd.DataFrame({"text": ["a", None], "rows": [1, 2], "share": [0.5, None], "none": [None, None]})


@pytest.mark.parametrize("names", [["text", "rows", "share", "none"], ["none", "text"], []])
def test_columns_are_selected_as_by_a_list(names: list[str]) -> None:
    pd.testing.assert_frame_equal(with_names(_FRAME, names), _FRAME[names], check_column_type=True)


@pytest.mark.parametrize("rows", [0, 1, 2])
@pytest.mark.parametrize(
    "dtypes",
    [
        {"text": "str", "rows": "int64", "share": "float64", "none": "object"},
        {"text": "object", "rows": "str", "share": "float32", "none": "str"},
        {"text": "string", "rows": "float64", "share": "str", "none": "float64"},
    ],
)
def test_dtypes_are_those_of_astype(dtypes: dict[str, str], rows: int) -> None:
    frame = _FRAME.head(rows)
    pd.testing.assert_frame_equal(with_dtypes(frame, dtypes), frame.astype(dtypes), check_column_type=True)


@pytest.mark.parametrize("columns", [EXAMPLES, FAILED, OUTCOMES])
def test_an_empty_frame_has_all_columns_and_is_no_others(columns: dict[str, str]) -> None:
    found = empty_frame(columns)
    found["more"] = "x"
    expected = pd.DataFrame(columns=list(columns)).astype(columns)
    pd.testing.assert_frame_equal(empty_frame(columns), expected, check_column_type=True, check_index_type=False)
