"""Input types: the signature of a node says whether it gets a table of rows as a frame or in record batches."""

from typing import Any

import pandas as pd
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline, node
from kedro.runner import SequentialRunner

from synthetic_textcat.hooks import RowTableInputs
from synthetic_textcat.tables import FrameTable, RowTable

_FRAME = pd.DataFrame({"label": ["a", "b"]})


def _types(
    frame: pd.DataFrame, table: RowTable, maybe: pd.DataFrame | None, any_other: Any, *more: pd.DataFrame
) -> str:
    return " ".join(type(each).__name__ for each in (frame, table, maybe, any_other, *more))


def _run(*inputs: Any) -> str:
    names = [f"input_{number}" for number in range(len(inputs))]
    entries: dict[str, Any] = {
        name: MemoryDataset(data, copy_mode="assign") for name, data in zip(names, inputs, strict=True)
    }

    hooks = _create_hook_manager()
    hooks.register(RowTableInputs())
    outputs = SequentialRunner().run(Pipeline([node(_types, list(entries), "types")]), DataCatalog(entries), hooks)
    return str(outputs["types"].load())


def test_each_parameter_gets_the_kind_of_table_that_it_names() -> None:
    table = FrameTable(_FRAME)
    assert (
        _run(table, table, table, table, table, table)
        == "DataFrame FrameTable DataFrame FrameTable DataFrame DataFrame"
    )
    assert _run(_FRAME, _FRAME, None, _FRAME) == "DataFrame FrameTable NoneType DataFrame"
