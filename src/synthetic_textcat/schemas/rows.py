"""Table schemas: public column names with pandas dtypes, construction of frames, and the hash of the plan."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.hashing import canonical_json
from synthetic_textcat.schemas.label_sets import LABELS, LABELS_DTYPE, labels_column, labels_of
from synthetic_textcat.tables import RowTable, arrow_texts, as_table, empty_frame, in_blocks, with_dtypes

ATTRIBUTES = ("language", "difficulty", "clarity", "num_words")

Texts: TypeAlias = "pd.Series[Any] | Sequence[str]"

_HASHED = 20_000  # rows hashed at once

_ATTRIBUTE_COLUMNS = dict.fromkeys(ATTRIBUTES, "str")

REQUESTS = {
    "request_id": "str",
    "task_id": "str",
    "replicate": "int64",
    "task": "str",
    **_ATTRIBUTE_COLUMNS,
    "label": "str",
    LABELS: LABELS_DTYPE,
    "misleading_label": "str",
    "seed": "int64",
}
CALLS = {"request_id": "str", "fingerprint": "str"}
EXAMPLES = {
    "request_id": "str",
    "task_id": "str",
    "task": "str",
    "input_text": "str",
    "label": "str",
    LABELS: LABELS_DTYPE,
    "misleading_label": "str",
    **_ATTRIBUTE_COLUMNS,
    "model_name": "str",
}
CANDIDATES = {**EXAMPLES, "detail": "str"}
"""`detail`: which object of a reply with several is the row, and why; missing for other rows."""

CHECKED_ROWS = {
    **CANDIDATES,
    "reject_reason": "str",
    "check_detail": "str",
    "flags": "str",
    "flag_details": "str",
    "language_verdict": "str",
    "comparison_text": "str",
}
"""Candidates after the checks of single rows. `reject_reason`, `check_detail`: missing for rows that passed. `flags`,
`flag_details`: as in `FINDINGS`. `comparison_text`: the normalised text of a row that passed, to compare rows by."""

REJECTED = {**EXAMPLES, "reject_reason": "str", "detail": "str"}
FAILED = {
    "request_id": "str",
    "task_id": "str",
    **_ATTRIBUTE_COLUMNS,
    "failure_cause": "str",
    "detail": "str",
    "attempts": "int64",
}
FINDINGS = {"request_id": "str", "flags": "str", "language_verdict": "str", "detail": "str"}
OUTCOMES = {
    "request_id": "str",
    "outcome": "str",
    "reason": "str",
    "attempts": "int64",
    "tokens": "float64",
    "cost": "float64",
    "input_text": "str",
    "label": "str",
    LABELS: LABELS_DTYPE,
    "misleading_label": "str",
    "task_id": "str",
    "language": "str",
    "language_verdict": "str",
}
SPLIT_COLUMNS = {"request_id": "str", "split": "str", "planned_split": "str"}
LABEL_AGREEMENT = "label_agreement"
"""Column of exported rows by choice: whether a judge agrees with the label; missing for rows that were not judged."""

CONTRACT_COLUMNS = frozenset({LABEL_AGREEMENT}).union(
    REQUESTS, CALLS, CHECKED_ROWS, REJECTED, FAILED, FINDINGS, OUTCOMES, SPLIT_COLUMNS
)
"""Column names with a fixed meaning."""


def with_own(columns: Mapping[str, str], own: Iterable[str]) -> dict[str, str]:
    """The columns of a table with attributes, with the user-defined attributes after `num_words`."""
    last = list(columns).index(ATTRIBUTES[-1]) + 1
    named = list(columns.items())
    return dict([*named[:last], *((name, "str") for name in own), *named[last:]])


def own_of(table: pd.DataFrame | RowTable) -> list[str]:
    """The user-defined attributes of a table: its columns outside of `CONTRACT_COLUMNS`, in their order."""
    return [str(column) for column in table.columns if column not in CONTRACT_COLUMNS]


def to_frame(records: Iterable[Mapping[str, object] | Sequence[object]], columns: Mapping[str, str]) -> pd.DataFrame:
    """A frame with exactly these columns, order and dtypes, even without records; a label alone is a set of one."""
    rows = list(records)
    if not rows:
        return empty_frame(columns)
    frame = with_dtypes(pd.DataFrame(rows, columns=list(columns)), columns)
    if "label" not in columns or columns.get(LABELS) != LABELS_DTYPE:
        return frame
    return frame.assign(**{LABELS: labels_column(labels_of(frame))})


def with_columns(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """The frame with exactly these columns, order and dtypes; columns that it lacks are filled with missing values."""
    return with_dtypes(frame.reindex(columns=list(columns)), columns).reset_index(drop=True)


def plain(column: "pd.Series[Any]") -> list[Any]:
    """The values of a column as Python values, missing ones as None. Far faster than iterating over the column."""
    return column.astype(object).where(column.notna(), None).tolist()


def records_of(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows as dicts of Python values, lazily; missing values are None."""
    columns = list(frame.columns)
    for values in frame.itertuples(index=False, name=None):
        yield {
            name: None if isinstance(value, float) and isnan(value) else value
            for name, value in zip(columns, values, strict=True)
        }


def positions_in(values: Texts, among: Texts) -> NDArray[np.int64]:
    """Position of each text among others, -1 for none; by Arrow, which makes no Python objects of a million texts."""
    found = pc.index_in(arrow_texts(values), value_set=arrow_texts(among))
    positions: NDArray[np.int64] = pc.fill_null(found, -1).to_numpy().astype(np.int64)
    return positions


def fingerprint_column(requests: pd.DataFrame, calls: pd.DataFrame) -> "pd.Series[Any]":
    """The fingerprint of each planned row, in plan order.

    Raises:
        StaleTableError: If a planned row has none: `calls` belongs to another plan.
    """
    places = positions_in(requests["request_id"], calls["request_id"])
    if (places < 0).any():
        row = requests["request_id"].iloc[int(np.flatnonzero(places < 0)[0])]
        raise StaleTableError(
            f"Row {row!r} of the dataset 'requests' is not in 'calls': the plan is newer than the calls. "
            "Next: run `kedro run --pipelines generate`, or plan again with the earlier parameters"
        )
    return calls["fingerprint"].iloc[places].reset_index(drop=True)


PLAN_VERSION = 2
"""Version of the planning rules; another version plans other rows for the same parameters."""


def plan_sha256(requests: RowTable | pd.DataFrame) -> str:
    """Hex sha256 of the plan: two runs with the same hash asked for the same rows.

    The input is lines of canonical JSON: first the plan's version with the sorted column names. Then, for each 20,000
    rows and each column, the distinct values in order of appearance, followed by each row's index into these as 4
    bytes, little-endian, -1 for a missing value. `labels` counts for multi-label rows only, and is no column of a plan
    without one: `label` says the same of the others.
    """
    table = as_table(requests)
    names = sorted(name for name in table.names if name != LABELS or _has_multi_label_rows(table))
    digest = hashlib.sha256(canonical_json([PLAN_VERSION, names]).encode() + b"\n")
    for part in in_blocks(table.frames(list(dict.fromkeys([*names, "label"]))), _HASHED):
        for name in names:
            numbers, values = pd.factorize(part[name] if name != LABELS else _multi_label_sets(part))
            digest.update(canonical_json(values.tolist()).encode() + b"\n" + numbers.astype("<i4").tobytes())
    return digest.hexdigest()


def _has_multi_label_rows(requests: RowTable) -> bool:
    return any(_multi_label_sets(frame).notna().any() for frame in requests.frames(["label", LABELS]))


def _multi_label_sets(rows: pd.DataFrame) -> "pd.Series[Any]":
    """The label set of each multi-label row, missing for others."""
    is_multi = rows["label"].isna()
    if not is_multi.any():
        return pd.Series(None, rows.index, dtype=LABELS_DTYPE)
    return labels_column(labels_of(rows)).set_axis(rows.index).where(is_multi, None)
