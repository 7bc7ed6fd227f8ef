"""Frames keep their columns and types; the plan's hash sees every cell."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.schemas import rows
from synthetic_textcat.schemas.rows import plan_sha256, records_of, to_frame
from synthetic_textcat.tables import MadeTable
from tests.support.each_case import each_of
from tests.support.examples import examples

_TABLES = {name: getattr(rows, name) for name in ("REQUESTS", "CALLS", "EXAMPLES", "REJECTED", "FAILED", "OUTCOMES")}
_WHOLE = {"str": "é😀", "int64": 2**40, "float64": 0.5, "object": ("é", "b")}
_NULL = {"str": None, "int64": 0, "float64": None, "object": None}
_ROW: dict[str, Any] = {
    "request_id": "r0",
    "task_id": "t",
    "replicate": 0,
    "task": "Sort.",
    "language": "English",
    "difficulty": "PhD",
    "clarity": "clear",
    "num_words": "less than 10",
    "label": None,
    "labels": None,
    "misleading_label": None,
    "seed": 7,
}


def _dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in frame.dtypes.items()}


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, np.ndarray) else value


def _through_parquet(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    from kedro_datasets.pandas import ParquetDataset  # here, since it imports SQLAlchemy

    dataset = ParquetDataset(filepath=str(path), save_args={"index": False})
    dataset.save(frame)
    loaded: pd.DataFrame = dataset.load()
    return loaded


@pytest.mark.parametrize("columns", _TABLES.values(), ids=_TABLES)
@pytest.mark.parametrize("filling", [None, _NULL, _WHOLE], ids=["empty", "all null", "whole"])
def test_columns_and_types_stay_through_parquet(
    columns: Mapping[str, str], filling: Mapping[str, object] | None, tmp_path: Path
) -> None:
    records = [] if filling is None else [{name: filling[kind] for name, kind in columns.items()}] * 2
    frame = to_frame(records, columns)
    assert _dtypes(frame) == dict(columns)
    again = _through_parquet(frame, tmp_path / "frame.parquet")
    assert _dtypes(again) == dict(columns)
    assert list(again.columns) == list(columns)
    assert [{name: _tuple(value) for name, value in row.items()} for row in records_of(again)] == records


def test_columns_beyond_the_tables_are_left_out() -> None:
    assert list(to_frame([{**_ROW, "x": 1}], rows.REQUESTS).columns) == list(rows.REQUESTS)


def test_records_are_plain_values_with_none_for_missing() -> None:
    (record,) = records_of(to_frame([_ROW], rows.REQUESTS))
    assert record == _ROW
    assert type(record["replicate"]) is int
    assert record["label"] is None


@each_of("column", rows.REQUESTS)
def test_any_other_cell_is_another_plan(column: str) -> None:
    plan = to_frame([_ROW, {**_ROW, "request_id": "r1", "replicate": 1}], rows.REQUESTS)
    values: dict[str, Any] = {"int64": 99, "str": "other", "object": ("other",)}
    hashes = {plan_sha256(plan)}
    for row in range(2):
        changed = plan.copy()
        changed.at[row, column] = values[rows.REQUESTS[column]]
        hashes.add(plan_sha256(changed))
    assert len(hashes) == 3


def test_the_plans_hash_is_the_same_in_any_record_batches() -> None:
    plan = to_frame(({**_ROW, "request_id": f"r{row}", "label": str(row % 7)} for row in range(41_000)), rows.REQUESTS)
    batches = MadeTable(
        lambda: (plan.iloc[start : start + 7_000] for start in range(0, len(plan), 7_000)), rows.REQUESTS
    )
    assert plan_sha256(batches) == plan_sha256(plan)
    assert plan_sha256(batches) == "b7b74bc66916a413d897aabfa0e378e167b253aa2b734a35bc05fd90ad97cd05"  # as ever


def test_another_order_or_number_of_rows_is_another_plan() -> None:
    plan = [_ROW, {**_ROW, "request_id": "r1"}]
    hashes = {plan_sha256(to_frame(some, rows.REQUESTS)) for some in (plan, plan[::-1], plan[:1], [])}
    assert len(hashes) == 4


def test_no_label_and_a_label_called_none_are_two_plans() -> None:
    named = {**_ROW, "label": "None"}
    assert plan_sha256(to_frame([named], rows.REQUESTS)) != plan_sha256(to_frame([_ROW], rows.REQUESTS))


@examples(25)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=1, max_size=4))
def test_the_plans_hash_is_the_same_after_parquet(tmp_path_factory: pytest.TempPathFactory, labels: list[str]) -> None:
    frame = to_frame(({**_ROW, "label": label} for label in [*labels, None]), rows.REQUESTS)
    path = tmp_path_factory.mktemp("plan") / "requests.parquet"
    assert plan_sha256(_through_parquet(frame, path)) == plan_sha256(frame)
