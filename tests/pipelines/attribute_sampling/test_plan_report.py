"""A plan with fewer rows of a label than the splits need is reported before its rows are paid for."""

import logging
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests, warn_of_few_rows
from synthetic_textcat.pipelines.export.splits import TEST, planned_splits
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, ExportParameters, LlmParameters
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from synthetic_textcat.tables import as_table

_INTENTS = Task.model_validate({"task": "Find the intent.", "labels": [f"intent {n}" for n in range(60)]})
_MOOD = Task.model_validate({"task": "Say if the [mood] is good.", "labels": ["good", "bad"], "weight": 10})


def _reported(
    caplog: pytest.LogCaptureFixture, *tasks: Task, model: str = "gpt-5", splits: Any = None, **sampling: Any
) -> list[tuple[int, str]]:
    table = pd.DataFrame([task.to_row("file") for task in tasks], columns=TASKS_ARROW_SCHEMA.names)
    chosen = AttributeSamplingParameters.model_validate(sampling)
    requests = plan_requests(table, chosen, seed=42)
    export = ExportParameters.model_validate({"splits": splits} if splits else {})
    caplog.clear()
    with caplog.at_level(logging.INFO, "synthetic_textcat"):
        warn_of_few_rows(requests, table, chosen, LlmParameters(model=model), export)
    return [(record.levelno, record.getMessage()) for record in caplog.records]


def test_sixty_labels_with_a_hundred_rows_are_too_few(caplog: pytest.LogCaptureFixture) -> None:
    [(level, line)] = _reported(caplog, _INTENTS, num_examples=100)
    assert level == logging.WARNING
    assert line.startswith(
        "60 of 60 labels have fewer than 10 planned rows (the fewest: 1), as 60 of 60 labels of 'Find the intent.'. "
    )
    assert "Next: plan about 1,000 rows" in line
    [(level, _)] = _reported(caplog, _INTENTS, num_examples=100, model=OFFLINE_MODEL)
    assert level == logging.INFO


def test_the_task_with_most_such_labels_is_named(caplog: pytest.LogCaptureFixture) -> None:
    [(_, line)] = _reported(caplog, _MOOD, _INTENTS, num_examples=660)
    assert line.startswith("60 of 62 labels have fewer than 10 planned rows (the fewest: 1), as 60 of 60 labels")


@pytest.mark.parametrize("rows", [20, 60, 400])
def test_the_number_of_rows_that_is_recommended_is_enough(caplog: pytest.LogCaptureFixture, rows: int) -> None:
    mood = Task(task="Say if the mood is good.", labels=["good", "bad"])
    [(_, line)] = _reported(caplog, _INTENTS, mood, num_examples=rows)
    recommended = int(line.partition("plan about ")[2].partition(" rows")[0].replace(",", ""))
    assert _reported(caplog, _INTENTS, mood, num_examples=recommended) == []
    assert recommended <= 2 * 1_200


def test_ten_rows_of_each_label_are_enough(caplog: pytest.LogCaptureFixture) -> None:
    assert _reported(caplog, _INTENTS, num_examples=600) == []
    assert len(_reported(caplog, _INTENTS, num_examples=599)) == 1
    assert _reported(caplog, Task(task="Say what it is about."), num_examples=5) == []
    without = {"train": 0.9, "validation": 0.1, "test": 0.0}
    assert _reported(caplog, _INTENTS, num_examples=100, splits=without) == []


def test_so_many_rows_give_each_label_a_row_of_the_test_split() -> None:
    table = pd.DataFrame([_INTENTS.to_row("file")], columns=TASKS_ARROW_SCHEMA.names)
    for rows, without in ((600, 0), (100, 40)):
        requests = plan_requests(table, AttributeSamplingParameters(num_examples=rows), seed=42).to_pandas()
        codes = planned_splits(as_table(requests), [_INTENTS], 0, ExportParameters().splits, 42)
        assert 60 - as_table(requests)["label"][codes == TEST].nunique() >= without
