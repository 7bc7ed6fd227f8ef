"""Frames of given columns and dtypes, without the work that pandas does for columns that are right already.

`frame[names]` and `astype` with a dict take up to some milliseconds however few the rows are. Row tables need both for
each record batch, which is most of the time that small tables take.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import pandas as pd
from pandas.api.types import pandas_dtype

_dtype = lru_cache(pandas_dtype)


def with_names(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The columns of these names, in this order; the frame has each of them once."""
    own = frame.columns.tolist()
    return frame if own == list(names) else frame.take([own.index(name) for name in names], axis=1)


def with_dtypes(frame: pd.DataFrame, dtypes: Mapping[str, Any]) -> pd.DataFrame:
    """The frame with these dtypes, which name all of its columns in their order."""
    if not len(frame):
        return empty_frame(dtypes)
    own = zip(dtypes.items(), frame.dtypes, strict=True)
    wrong = {name: dtype for (name, dtype), current in own if current != _dtype(dtype)}
    return frame.assign(**{name: frame[name].astype(dtype) for name, dtype in wrong.items()}) if wrong else frame


def empty_frame(dtypes: Mapping[str, Any]) -> pd.DataFrame:
    """A frame with these columns and dtypes, and no row."""
    return _empty(tuple(dtypes.items())).copy(deep=False)


@lru_cache
def _empty(dtypes: tuple[tuple[str, Any], ...]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.array([], dtype=dtype) for name, dtype in dtypes})
