"""Conversion between Arrow tables and frames, with lists of texts as tuples in a frame.

Tuples can be hashed, and rows with equal lists share one: a column of them takes 8 bytes a row. Files hold the Arrow
type `list<string>`. The dtype of pandas for it is not used: a file whose metadata names that dtype can't be read by
`pandas.read_parquet`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

LIST = pa.list_(pa.string())
LIST_COLUMNS = frozenset({"labels"})
"""Columns of lists of texts in row tables. A column of Python objects says nothing of its type while it is empty."""


def schema_of(frame: pd.DataFrame) -> pa.Schema:
    """The Arrow schema of a frame, with the metadata by which pandas reads its dtypes."""
    schema = pa.Table.from_pandas(frame, preserve_index=False).schema
    for place, field in enumerate(schema):
        if field.name in LIST_COLUMNS and frame[field.name].dtype == object:
            schema = schema.set(place, field.with_type(LIST))
    return schema


def frame_of(table: pa.Table | pa.RecordBatch) -> pd.DataFrame:
    """The frame of an Arrow table; lists of texts are tuples, missing ones None."""
    names = [field.name for field in table.schema if pa.types.is_list(field.type) and _is_text(field.type.value_type)]
    frame: pd.DataFrame = (table.drop_columns(names) if names else table).to_pandas()
    for name in names:
        frame.insert(table.schema.get_field_index(name), name, pd.Series(tuples_of(table[name]), frame.index, object))
    return frame


def lean_frame_of(table: pa.Table) -> pd.DataFrame:
    """The frame of an Arrow table; lists of records are Arrow columns, in a tenth of the memory of Python objects.

    A cell is a list of dicts when it is looked at.
    """
    frame: pd.DataFrame = table.to_pandas(types_mapper=lambda kind: pd.ArrowDtype(kind) if _is_nested(kind) else None)
    return frame


def plain_frame_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without columns of Arrow's lists, whose dtype would make its file unreadable."""
    kinds = {name: dtype for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.ArrowDtype)}
    lists = [name for name, dtype in kinds.items() if _is_nested(dtype.pyarrow_dtype)]
    return frame.astype(dict.fromkeys(lists, object)) if lists else frame


def _is_nested(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_struct(kind.value_type))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def arrow_texts(values: "pd.Series[Any] | Sequence[str]") -> pa.Array:
    """Texts as one Arrow array; missing ones are null."""
    texts = pa.array(values, pa.large_string(), from_pandas=True)
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def tuples_of(lists: pa.Array | pa.ChunkedArray) -> NDArray[np.object_]:
    """Each list as a tuple, None for a missing one; equal lists are the same object."""
    whole = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
    lengths = pc.fill_null(pc.list_value_length(whole), -1).to_numpy().astype(np.int64)
    ends = np.cumsum(np.maximum(lengths, 0))
    texts = whole.flatten().dictionary_encode(null_encoding="encode")
    names, codes = texts.dictionary.to_pylist(), texts.indices.to_numpy()
    known: list[tuple[Any, ...]] = [()]  # the tuples so far; a longer one is made of one of these and a further text
    numbers = np.zeros(len(whole), np.int64)
    for place in range(int(lengths.max(initial=0))):
        longer = np.flatnonzero(lengths > place)
        own = codes[ends[longer] - lengths[longer] + place]
        found, pairs = pd.factorize(numbers[longer] * len(names) + own)
        first = len(known)
        known += [(*known[pair // len(names)], names[pair % len(names)]) for pair in pairs.tolist()]
        numbers[longer] = first + found
    numbers[lengths < 0] = len(known)
    return np.fromiter((*known, None), object, len(known) + 1)[numbers]
