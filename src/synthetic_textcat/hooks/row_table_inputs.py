"""Input types of nodes: a node that declares a frame gets a row table as a frame, and the reverse.

The signature of a node thus shows whether it holds a table of rows in memory or reads it in record batches.
"""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, get_args, get_type_hints

import pandas as pd
from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node

from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.schemas.label_sets import LABELS, with_label_sets
from synthetic_textcat.tables import RowTable, as_table

_WITH_LABELS = {
    *(names.REQUESTS, names.CANDIDATES, names.CHECKED_ROWS, names.EXAMPLES, names.SURPLUS, names.REJECTED),
    names.OUTCOMES,
}
"""Tables with the column `labels`, which versions before it wrote without."""


class RowTableInputs:
    """Converts what the catalog loads to what the node's signature names."""

    @hook_impl
    def before_node_run(self, node: Node, inputs: dict[str, Any]) -> dict[str, Any]:
        """The inputs that are of the other kind of table, converted.

        A catalog entry of a user may load a frame where ours loads a row table. A user's node without annotations gets
        frames.
        """
        hints = _hints(node.func)
        found: dict[str, Any] = {}
        for dataset, parameter in _parameters(node).items():
            value = inputs.get(dataset)
            if not isinstance(value, RowTable | pd.DataFrame):
                continue
            if dataset in _WITH_LABELS and LABELS not in value.columns:
                value = found[dataset] = with_label_sets(as_table(value))
            wanted = _tables_in(hints.get(parameter, pd.DataFrame))
            if isinstance(value, RowTable) and wanted == {pd.DataFrame}:
                found[dataset] = value.to_pandas()
            elif isinstance(value, pd.DataFrame) and wanted == {RowTable}:
                found[dataset] = as_table(value)
        return found


def _parameters(node: Node) -> dict[str, str]:
    """The parameter of the node's function that each dataset is given to."""
    signature = inspect.signature(node.func)
    given = node._inputs  # noqa: SLF001  Kedro has no public name for a mapping's keys
    bound = signature.bind(**given) if isinstance(given, dict) else signature.bind(*node.inputs)
    found = {}
    for name, value in bound.arguments.items():
        several = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
        found.update({str(dataset): name for dataset in several})
    return found


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The types that a function's parameters declare; as texts if a name in them is imported for a type checker only.

    The function may be a partial one, or an object that can be called.
    """
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    declaring = function if inspect.isroutine(function) else type(function).__call__
    try:
        return get_type_hints(declaring)
    except NameError:
        return dict(inspect.get_annotations(declaring))


def _tables_in(hint: Any) -> set[type]:
    """The kinds of table in a type, or in its text."""
    if isinstance(hint, str):
        return {kind for kind in (RowTable, pd.DataFrame) if kind.__name__ in hint}
    return {RowTable, pd.DataFrame} & set(get_args(hint) or (hint,))
