"""Input types: the signature of a node says whether it gets a table of rows as a frame or in record batches."""

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

import pandas as pd
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline, node
from kedro.runner import SequentialRunner

from synthetic_textcat.hooks import RowTableInputs
from synthetic_textcat.tables import FrameTable, MadeTable, RowTable
from tests.support.each_case import each_of

_FRAME = pd.DataFrame({"label": ["a", "b"]})


def _types(
    frame: pd.DataFrame, table: RowTable, maybe: pd.DataFrame | None, any_other: Any, *more: pd.DataFrame
) -> str:
    return " ".join(type(each).__name__ for each in (frame, table, maybe, any_other, *more))


def _run(*inputs: Any) -> str:
    names = [f"input_{number}" for number in range(len(inputs))]
    return _run_node(_types, names, dict(zip(names, inputs, strict=True)))


def _run_node(function: Callable[..., str], given: list[str] | dict[str, str], inputs: dict[str, Any]) -> str:
    entries: dict[str, Any] = {name: MemoryDataset(data, copy_mode="assign") for name, data in inputs.items()}
    hooks = _create_hook_manager()
    hooks.register(RowTableInputs())
    pipeline = Pipeline([node(function, given, "types", name="a_node")])
    outputs = SequentialRunner().run(pipeline, DataCatalog(entries), hooks)
    return str(outputs["types"].load())


def test_each_parameter_gets_the_kind_of_table_that_it_names() -> None:
    table = FrameTable(_FRAME)
    assert (
        _run(table, table, table, table, table, table)
        == "DataFrame FrameTable DataFrame FrameTable DataFrame DataFrame"
    )
    assert _run(_FRAME, _FRAME, None, _FRAME) == "DataFrame FrameTable NoneType DataFrame"


def _undeclared(examples):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return type(examples).__name__


def _declared_elsewhere(examples: "pd.DataFrame", store: "OnlyForTypes" = None) -> str:  # type: ignore[name-defined]  # noqa: ARG001, F821
    return type(examples).__name__


def _either(examples: pd.DataFrame | RowTable) -> str:
    return type(examples).__name__


def _collected(**tables: pd.DataFrame) -> str:
    return type(tables["examples"]).__name__


class _Object:
    def __call__(self, examples: pd.DataFrame) -> str:
        return type(examples).__name__

    __hash__ = None  # type: ignore[assignment]


@each_of(
    ("function", "kind"),
    [
        (_undeclared, "DataFrame"),
        (lambda examples: type(examples).__name__, "DataFrame"),
        (_declared_elsewhere, "DataFrame"),
        (update_wrapper(partial(_declared_elsewhere, store=1), _declared_elsewhere), "DataFrame"),
        (_Object(), "DataFrame"),
        (_collected, "DataFrame"),
        (_either, "FrameTable"),
    ],
)
def test_nodes_of_users_get_frames_however_they_are_written(function: Callable[..., str], kind: str) -> None:
    assert _run_node(function, {"examples": "examples"}, {"examples": FrameTable(_FRAME)}) == kind
    if function is not _collected:
        assert _run_node(function, ["examples"], {"examples": FrameTable(_FRAME)}) == kind


def _columns(examples: RowTable, others: RowTable) -> str:
    return f"{','.join(examples.names)} {','.join(others.names)} {examples['labels'].tolist()}"


def test_tables_of_rows_of_an_earlier_version_have_the_column_labels_too() -> None:
    made = MadeTable(lambda: [_FRAME], {"label": "str"}, 2)
    for table in (_FRAME, FrameTable(_FRAME), made):
        found = _run_node(_columns, ["examples", "others"], {"examples": table, "others": table})
        assert found == "label,labels label [('a',), ('b',)]"
