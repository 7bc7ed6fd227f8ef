"""The column `labels`: what rows with one label have there, and what the plan's hash makes of it."""

from typing import Any

import numpy as np
import pandas as pd

from synthetic_textcat.schemas import rows
from synthetic_textcat.schemas.label_sets import (
    LABELS,
    is_multi_label,
    label_set_code,
    label_set_of,
    label_sets,
    labels_of,
    with_label_sets,
)
from synthetic_textcat.schemas.rows import plan_sha256, to_frame
from synthetic_textcat.tables import FrameTable, MadeTable
from tests.support.each_case import each_of
from tests.support.several_labels import several_labels_tasks

_ROW: dict[str, Any] = {"request_id": "r0", "task_id": "t", "replicate": 0, "task": "Sort.", "seed": 7}
_TABLES = ("REQUESTS", "EXAMPLES", "CANDIDATES", "CHECKED_ROWS", "REJECTED", "OUTCOMES")


@each_of("table", _TABLES)
def test_every_table_of_rows_has_the_column_after_the_label(table: str) -> None:
    columns = list(getattr(rows, table))
    assert columns[columns.index("label") + 1] == LABELS


def test_a_single_label_is_a_set_of_one_and_none_is_missing() -> None:
    assert label_sets(["a", None, "b", "a"]).tolist() == [("a",), None, ("b",), ("a",)]
    assert label_sets([]).tolist() == []


def test_sets_are_read_from_any_kind_of_cell() -> None:
    cells = pd.Series([("a",), ["a", "b"], np.array([], object), None, np.nan, "x"], dtype="object")
    frame = pd.DataFrame({"label": ["a", None, None, None, "c", "d"], "labels": cells})
    assert labels_of(frame) == [("a",), ("a", "b"), (), None, ("c",), ("d",)]
    assert labels_of(frame[["label"]]) == [("a",), None, None, None, ("c",), ("d",)]


@each_of("labels", [(), ("a",), ('"a", b', "é"), ("b", "a")])
def test_a_code_is_the_set_again(labels: tuple[str, ...]) -> None:
    assert label_set_of(label_set_code(labels)) == labels


def test_tables_of_earlier_versions_get_the_column() -> None:
    old = pd.DataFrame({"request_id": ["r0", "r1"], "label": ["a", None], "misleading_label": ["b", None]})
    made = MadeTable(lambda: [old], dict.fromkeys(map(str, old), "str"))
    for table in (FrameTable(old), made):
        found = with_label_sets(table)
        assert found.names == ["request_id", "label", "labels", "misleading_label"]
        assert found["labels"].tolist() == [("a",), None]
        assert with_label_sets(found) is found


def _plan(*sets: Any, label: str | None = None) -> pd.DataFrame:
    rows_of_plan = ({**_ROW, "request_id": f"r{n}", "label": label, "labels": own} for n, own in enumerate(sets))
    return to_frame(rows_of_plan, rows.REQUESTS)


def test_the_plans_hash_leaves_single_label_sets_out() -> None:
    plan = _plan(None, None, label="a")
    assert plan["labels"].tolist() == [("a",), ("a",)]
    assert plan_sha256(plan) == plan_sha256(plan.drop(columns="labels"))
    assert plan_sha256(plan) == plan_sha256(plan.assign(labels=None))


def test_the_plans_hash_counts_sets_of_multi_label_rows_in_any_kind_of_cell() -> None:
    one, none, turned = _plan(("a", "b"), ()), _plan(("a", "b"), ("a",)), _plan(("b", "a"), ())
    assert len({plan_sha256(plan) for plan in (one, none, turned, _plan(None, None))}) == 4
    arrays = pd.Series([np.array(each, object) for each in one["labels"]], dtype="object")
    assert plan_sha256(one.assign(labels=arrays)) == plan_sha256(one)


def test_a_task_says_whether_texts_have_several_labels() -> None:
    assert [is_multi_label(task.to_row("file")) for task in several_labels_tasks()] == [True, True, False]
    assert not is_multi_label({"task": "Of an earlier version."})
