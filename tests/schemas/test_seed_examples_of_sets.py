"""Seed examples with several labels: which a prompt shows, and their way through the table `tasks`."""

from typing import Any

import pytest

from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.pipelines.task_ingest.tasks_file import read_tasks
from synthetic_textcat.schemas.rows import REQUESTS, to_frame
from synthetic_textcat.schemas.seed_examples import ShownTexts, pool_of
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.schemas.tasks import Task
from tests.support.each_case import each_of
from tests.support.task_tables import task_table

_ENTRY: dict[str, Any] = {
    "task": "Route.",
    "labels": ["Billing", "Shipping", "Praise", "Returns"],
    "labels_per_text": [0, 2],
    "seed_examples": [
        {"text": "bill and parcel", "labels": ["Billing", "Shipping"]},
        {"text": "bill", "label": "Billing"},
        {"text": "nothing", "labels": []},
        {"text": "praise", "labels": ["Praise"]},
    ],
}
_TASK = Task.model_validate(_ENTRY)


@each_of(
    ("labels", "texts"),
    [
        (("Billing", "Shipping"), ["bill and parcel"]),
        (("Billing",), ["bill"]),
        (("Shipping",), ["bill and parcel"]),
        (("Billing", "Praise"), ["bill and parcel", "bill", "praise"]),
        ((), ["nothing"]),
        (("Returns",), ["bill and parcel", "bill", "nothing", "praise"]),
    ],
)
def test_examples_with_exactly_the_rows_labels_come_first(labels: tuple[str, ...], texts: list[str]) -> None:
    assert pool_of(_TASK, labels) == texts


def test_examples_without_labels_fit_every_row() -> None:
    task = Task.model_validate({**_ENTRY, "seed_examples": [*_ENTRY["seed_examples"], "any"]})
    assert pool_of(task, ("Billing",)) == ["bill", "any"]
    assert pool_of(task, ("Returns",)) == ["any"]


def test_rows_of_a_plan_show_the_examples_of_their_sets() -> None:
    shared = dict.fromkeys(REQUESTS, "x") | {"task_id": _TASK.task_id, "label": None, "seed": 1}
    sets = [("Billing", "Shipping"), (), ("Billing", "Shipping")]
    rows = [{**shared, "request_id": f"r{n}", "replicate": n, "labels": own} for n, own in enumerate(sets)]
    shown = ShownTexts(to_frame(rows, REQUESTS), [_TASK], 1)
    assert [shown.texts(row) for row in rows] == [("bill and parcel",), ("nothing",), ("bill and parcel",)]


def test_a_task_has_them_again_from_its_row() -> None:
    table = task_table([_TASK])
    assert list(table["seed_examples"][0][0]) == ["text", "label"]
    assert list(tasks_of(table)) == [_TASK]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seed_examples": [{"text": "x", "labels": ["Biling"]}]}, "the label 'Biling'; did you mean"),
        ({"seed_examples": [{"text": "x", "labels": ["Billing"], "label": "Billing"}]}, "both label and labels"),
        ({"seed_examples": [{"text": "x", "labels": ["Billing"]}], "labels_per_text": 1}, "each text has one label"),
    ],
)
def test_a_wrong_example_gets_one_line(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(TasksFileError) as raised:
        read_tasks([{**_ENTRY, **changes}])
    assert says in str(raised.value)
