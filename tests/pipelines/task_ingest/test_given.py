"""Tasks that are there before anything is asked."""

import pandas as pd

from synthetic_textcat.pipelines.task_ingest.given import brainstorming_beside, rows_of, sentences_of
from synthetic_textcat.pipelines.task_ingest.nodes import read_tasks_file
from synthetic_textcat.schemas.parameters import TaskIngestParameters
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from synthetic_textcat.schemas.tasks_file import KeptTasks

_FILE = Task.model_validate({"task": "Sort a review.", "labels": {"good": "it pleased", "bad": ""}, "clarity": "clear"})
_THOUGHT = Task(task="Name a bird.", weight=2)
_ROWS = [_FILE.to_row("file"), _THOUGHT.to_row("brainstorm", "a-model")]
_SETTINGS = TaskIngestParameters(num_brainstormed=5)


def test_kept_tasks_are_rows_as_they_were_and_nothing_is_brainstormed_beside_them() -> None:
    kept = read_tasks_file(KeptTasks(pd.DataFrame(_ROWS, columns=TASKS_ARROW_SCHEMA.names)), _SETTINGS)

    assert rows_of(kept) == _ROWS
    assert sentences_of(kept) == ["Sort a review.", "Name a bird."]
    assert brainstorming_beside(kept, _SETTINGS) == TaskIngestParameters(num_brainstormed=0)


def test_tasks_of_a_file_are_added_to() -> None:
    given = read_tasks_file(["Sort a review.", "Name a bird."], _SETTINGS)

    assert [row["source"] for row in rows_of(given)] == ["file", "file"]
    assert sentences_of(given) == ["Sort a review.", "Name a bird."]
    assert brainstorming_beside(given, _SETTINGS) is _SETTINGS
