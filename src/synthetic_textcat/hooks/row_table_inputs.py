"""Input types of nodes: a node that declares a frame gets a row table as a frame, and the reverse.

So the signature of a node says whether it holds a table of rows in memory or walks it in record batches.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, get_args, get_type_hints

import pandas as pd
from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node

from synthetic_textcat.tables import RowTable, as_table


class RowTableInputs:
    """Converts what the catalog loads to what the node's signature names."""

    @hook_impl
    def before_node_run(self, node: Node, inputs: dict[str, Any]) -> dict[str, Any]:
        """The inputs that are of the other kind of table, converted.

        A catalog entry of a user may load a frame where ours loads a row table.
        """
        wants = _wanted(node.func)
        found: dict[str, Any] = {}
        for dataset, parameter in _parameters(node).items():
            value = inputs.get(dataset)
            if isinstance(value, RowTable) and pd.DataFrame in wants(parameter):
                found[dataset] = value.to_pandas()
            elif isinstance(value, pd.DataFrame) and RowTable in wants(parameter):
                found[dataset] = as_table(value)
        return found


def _parameters(node: Node) -> dict[str, str]:
    """The parameter of the node's function that each dataset is given to."""
    signature = inspect.signature(node.func)
    given = node._inputs  # noqa: SLF001  Kedro has no public name for a mapping's keys
    bound = signature.bind(**given) if isinstance(given, dict) else signature.bind(*node.inputs)
    found = {}
    for name, value in bound.arguments.items():
        for dataset in value if isinstance(value, tuple) else (value,):
            found[str(dataset)] = name
    return found


@cache
def _wanted(function: Callable[..., Any]) -> Callable[[str], tuple[Any, ...]]:
    """The types that a parameter of a function takes."""
    hints = get_type_hints(inspect.unwrap(function))

    def of(parameter: str) -> tuple[Any, ...]:
        hint = hints.get(parameter)
        return get_args(hint) or (hint,)

    return of
