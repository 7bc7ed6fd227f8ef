"""What a tasks file holds, before any rule: the dataset reads it, `task_ingest` judges it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class TasksFile:
    """A file that could be read.

    Attributes:
        path: Where it lies, for errors.
        content: A frame for a table (CSV, Parquet), else what YAML or JSON says: a list of entries, if it is right.
    """

    path: str
    content: object


@dataclass(frozen=True)
class KeptTasks:
    """All tasks of an earlier run, in place of a file: nothing is brainstormed beside them.

    Attributes:
        table: Its table `tasks`.
    """

    table: pd.DataFrame


class JsonError(ValueError):
    """A text that is not JSON.

    Attributes:
        problem: What is wrong.
        line, column: Where, counted from 1; 0 = not known.
    """

    def __init__(self, problem: str, line: int = 0, column: int = 0) -> None:
        super().__init__(problem)
        self.problem, self.line, self.column = problem, line, column


def parse_json(text: str) -> Any:
    """The value of a JSON text in which no key stands twice.

    Raises:
        JsonError: If it is none.
    """
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise JsonError(error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise JsonError("it is nested too deeply") from None
    except ValueError as error:
        raise JsonError(str(error)) from None


def _without_repeats(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice in one object")
        found[key] = value
    return found
