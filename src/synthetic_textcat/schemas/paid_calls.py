"""Table of paid calls: for each journal line what it cost, whose it is, and its place in the file."""

from typing import Any

import pandas as pd
import pyarrow as pa

_FEW = pa.dictionary(pa.int32(), pa.large_string())
"""Texts of which a journal has few different ones."""

_COUNT = pa.int64()

PAID_CALLS = pa.schema(
    {
        "request_id": pa.large_string(),
        "fingerprint": pa.large_string(),
        "attempt": _COUNT,
        "run_id": _FEW,
        "status": _FEW,
        "prompt_tokens": _COUNT,
        "cached_tokens": _COUNT,
        "completion_tokens": _COUNT,
        "latency_s": pa.float64(),
        "model_name": _FEW,
        "prompt_tokens_at_most": _COUNT,
        "completion_tokens_at_most": _COUNT,
        "batch": pa.large_string(),
        "offset": _COUNT,
        "size": _COUNT,
    }
)
"""Fields of a `Completion` that a sum, an outcome or an estimate needs; offset and size of the line are in bytes."""


def to_paid_calls(table: pa.Table) -> pd.DataFrame:
    """The frame of a table with the columns `PAID_CALLS`: unknown numbers are missing, not floats."""

    def kinds(kind: pa.DataType) -> Any:
        return pd.Int64Dtype() if kind == _COUNT else None

    frame: pd.DataFrame = table.unify_dictionaries().to_pandas(types_mapper=kinds)
    return frame


def from_file(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it was saved: Parquet gives a column of categories without any value back as another kind."""
    return table.astype({field.name: "category" for field in PAID_CALLS if field.type == _FEW})
