"""A task, its identity, and its way through the table `tasks`."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task, normalise
from synthetic_textcat.text.unicode import first_invisible
from tests.support.each_case import each_of
from tests.support.examples import examples

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(lambda text: text.strip())
_NAMES = st.lists(_TEXT.filter(lambda name: first_invisible(name) is None), min_size=2, max_size=4, unique_by=normalise)
_OPEN = Task(task="Name the topic of a post.")
_CLOSED = Task.model_validate(
    {
        "task": "Sort a review by its sentiment.",
        "labels": [{"name": "good", "description": "praise"}, "bad"],
        "seed_examples": [{"text": "Never again.", "label": "bad"}, {"text": "Hm."}],
    }
)


def _through_parquet(path: Path, tasks: list[Task]) -> pd.DataFrame:
    from kedro_datasets.pandas import ParquetDataset  # here, since it imports SQLAlchemy

    frame = pd.DataFrame([task.to_row("file") for task in tasks], columns=TASKS_ARROW_SCHEMA.names)
    dataset = ParquetDataset(filepath=str(path), save_args={"index": False, "schema": TASKS_ARROW_SCHEMA})
    dataset.save(frame)
    loaded: pd.DataFrame = dataset.load()
    return loaded


@pytest.mark.parametrize("tasks", [[_CLOSED], [_OPEN], [_CLOSED, _OPEN], [_OPEN, _OPEN], []])
def test_tasks_come_back_from_parquet_as_they_were(tasks: list[Task], tmp_path: Path) -> None:
    assert list(tasks_of(_through_parquet(tmp_path / "tasks.parquet", tasks))) == tasks


@pytest.mark.parametrize("tasks", [[_OPEN], [_CLOSED, _OPEN]])
def test_an_open_label_set_is_an_empty_list_on_disk(tasks: list[Task], tmp_path: Path) -> None:
    _through_parquet(tmp_path / "tasks.parquet", tasks)
    table = pq.read_table(tmp_path / "tasks.parquet")
    assert table.schema.equals(TASKS_ARROW_SCHEMA)
    assert table["labels"].null_count == table["seed_examples"].null_count == 0
    assert table["labels"].to_pylist()[-1] == []


def test_a_task_comes_back_from_its_row() -> None:
    assert list(tasks_of(pd.DataFrame([_CLOSED.to_row("file"), _OPEN.to_row("brainstorm", "m")]))) == [_CLOSED, _OPEN]


@examples(40)
@given(_TEXT, _NAMES)
def test_the_id_depends_on_the_text_alone(text: str, names: list[str]) -> None:
    closed = Task.model_validate({"task": text, "labels": names, "seed_examples": [{"text": "x"}]})
    assert closed.task_id == Task(task=text).task_id
    assert len(closed.task_id) == 12


@each_of(
    "variant",
    [
        "name the TOPIC of a post",
        "  Name  the topic\nof a post . ",
        "Name the topic of a post...",
        "Name the topic of a post\u00a0.",
        "\uff2eame the topic of a post.",
    ],
)
def test_case_spaces_and_full_stop_do_not_make_another_task(variant: str) -> None:
    assert Task(task=variant).task_id == _OPEN.task_id


def test_other_words_make_another_task() -> None:
    assert Task(task="Name the topics of a post.").task_id != _OPEN.task_id


def test_the_id_stays_what_it_is() -> None:
    assert _OPEN.task_id == "e3ff62cab071"


@examples(100)
@given(_TEXT)
def test_normalising_twice_is_normalising_once_up_to_full_stops(text: str) -> None:
    once = normalise(text.replace(".", ""))
    assert normalise(once) == once


@pytest.mark.parametrize("name", ["a\u200bb", "re\u00adsign", "a\nb"])
def test_a_row_of_an_earlier_version_loads_with_a_name_that_is_refused_now(name: str, tmp_path: Path) -> None:
    task = Task.model_validate({"task": "Sort.", "labels": [{"name": name, "weight": 2}, "b"]})
    assert list(tasks_of(_through_parquet(tmp_path / "tasks.parquet", [task]))) == [task]


def test_one_label_is_refused() -> None:
    with pytest.raises(ValidationError, match="has one label; give two or more, or none"):
        Task.model_validate({"task": "x", "labels": ["only"]})


@each_of("names", [["a", "b", "a"], ["a", " A "], ["Straße", "STRASSE"], ["a b", "a  b."], ["İade", "iade"]])
def test_repeated_labels_are_refused_and_named(names: list[str]) -> None:
    with pytest.raises(ValidationError, match=rf"repeats the label .*{names[0]}"):
        Task.model_validate({"task": "x", "labels": names})


def test_null_is_an_open_label_set() -> None:
    assert Task.model_validate({"task": "x", "labels": None, "seed_examples": None}) == Task(task="x")
