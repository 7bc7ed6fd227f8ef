"""Tasks of the table `tasks`: the same whichever way they are looked at, and few of them are held."""

import pickle
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from synthetic_textcat.datasets import TableDataset
from synthetic_textcat.schemas.task_table import TaskTable, as_task_table, tasks_of
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task

_MANY = 150
_PLAIN = Task.model_validate({"task": "Sort.", "labels": [{"name": "A", "description": "First."}, "B"], "weight": 2.5})
_SEEDED = Task.model_validate(
    {"task": "Tell.", "labels": ["A", "B"], "seed_examples": ["x", {"text": "y", "label": "B"}]}
)
_CHOSEN = Task.model_validate({"task": "Pick.", "labels": [{"name": "A", "weight": 3}, "B", "C"], "language": "German"})
_SEVERAL = Task.model_validate({"task": "Tag.", "labels": ["A", "B", "C"], "labels_per_text": [0, 2]})
_OPEN = Task(task="Say.")
_TASKS = [_PLAIN, _SEEDED, _CHOSEN, _SEVERAL, _OPEN]


def _frame(tasks: list[Task]) -> pd.DataFrame:
    return pd.DataFrame([task.to_row("file") for task in tasks], columns=TASKS_ARROW_SCHEMA.names)


def _many() -> pd.DataFrame:
    """A table of many tasks, of which no object is alive."""
    return (
        _frame([_PLAIN])
        .loc[[0] * _MANY]
        .assign(task=[f"Sort {number}." for number in range(_MANY)], task_id=[f"t{number}" for number in range(_MANY)])
    )


@contextmanager
def _traced() -> Iterator[Callable[[], int]]:
    """Peak of the bytes that the block has allocated."""
    tracemalloc.start()
    begun = tracemalloc.get_traced_memory()[0]
    try:
        yield lambda: tracemalloc.get_traced_memory()[1] - begun
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("tasks", [tasks_of(_frame(_TASKS)), as_task_table(_TASKS)])
def test_a_task_is_the_same_whichever_way_it_is_looked_at(tasks: TaskTable) -> None:
    assert list(tasks) == _TASKS
    assert [tasks[place] for place in (0, 1, 2, 3, -1)] == _TASKS
    assert list(tasks[1:3]) == _TASKS[1:3]
    assert [tasks.by_id[task.task_id] for task in reversed(_TASKS)] == _TASKS[::-1]
    assert list(pickle.loads(pickle.dumps(tasks))) == _TASKS
    assert [task.to_row("file") for task in tasks] == [task.to_row("file") for task in _TASKS]


def test_a_mapping_has_the_ids_and_no_others() -> None:
    tasks = tasks_of(_frame(_TASKS))
    sentences = tasks.each(lambda task: task.task)
    assert dict(sentences) == {task.task_id: task.task for task in _TASKS}
    assert _OPEN.task_id in sentences
    assert "none" not in sentences
    assert sentences.get("none") is None
    with pytest.raises(KeyError, match="none"):
        sentences["none"]


def test_tasks_of_a_kind_are_found_by_their_columns() -> None:
    tasks = tasks_of(_frame(_TASKS))
    assert list(tasks.with_seed_examples) == [_SEEDED]
    assert list(tasks.with_several_labels) == [_SEVERAL]
    assert list(tasks.with_labels(more_than=2)) == [_CHOSEN, _SEVERAL]
    assert not tasks_of(_frame(_TASKS).drop(columns="task_type")).with_several_labels


def test_no_tasks_are_a_table_too() -> None:
    tasks = as_task_table(())
    assert not tasks
    assert not tasks.with_seed_examples.by_id
    assert not tasks_of(_frame([]))


def test_a_walk_holds_few_tasks() -> None:
    tasks = tasks_of(_many())
    with _traced() as peak:
        assert len(list(tasks)) == _MANY
        all_at_once = peak()
    with _traced() as peak:
        assert sum(1 for _ in tasks) == _MANY
        one_by_one = peak()
    assert one_by_one < 0.7 * all_at_once


def test_as_many_are_kept_as_are_asked_for() -> None:
    tasks = tasks_of(_many())
    made: list[str] = []

    def note(task: Task) -> Task:
        made.append(task.task)
        return task

    few = tasks.each(note, kept=10)
    ids = tasks.ids
    with _traced() as peak:
        assert [few[task_id].task for task_id in [*ids, *ids[-5:]]] == [*made, *made[-5:]]
        assert len(made) == _MANY
        held = peak()
    with _traced() as peak:
        everything = [tasks.by_id[task_id] for task_id in ids]
        assert held < 0.5 * peak()
    assert everything[0].task == "Sort 0."


def test_labels_of_a_stored_table_are_arrow_columns_with_the_same_tasks_and_can_be_saved_again(tmp_path: Path) -> None:
    stored = TableDataset(filepath=str(tmp_path / "tasks.parquet"), save_args={"schema": TASKS_ARROW_SCHEMA})
    stored.save(_frame(_TASKS))
    loaded = stored.load()
    assert list(tasks_of(loaded)) == _TASKS
    assert tasks_of(loaded).by_id[_SEEDED.task_id] == _SEEDED
    assert [str(loaded[name].dtype).endswith("[pyarrow]") for name in ("labels", "seed_examples", "task")] == [1, 1, 0]
    assert [[label["name"] for label in own] for own in loaded["labels"]] == [[*task.label_names] for task in _TASKS]
    stored.save(loaded)
    assert list(tasks_of(pd.read_parquet(tmp_path / "tasks.parquet"))) == _TASKS


def test_a_stored_table_of_many_tasks_takes_less_than_its_labels_as_objects(tmp_path: Path) -> None:
    stored = TableDataset(filepath=str(tmp_path / "tasks.parquet"), save_args={"schema": TASKS_ARROW_SCHEMA})
    stored.save(_many())
    as_objects = pd.read_parquet(tmp_path / "tasks.parquet")["labels"]
    assert stored.load()["labels"].memory_usage(deep=True) < as_objects.memory_usage(deep=True) / 2


def test_the_labels_of_all_tasks_are_counted_and_named_without_a_task() -> None:
    known = as_task_table(_TASKS)
    assert known.label_counts.tolist() == [len(task.labels) for task in _TASKS]
    assert known.label_names == [name for task in _TASKS for name in task.label_names]
