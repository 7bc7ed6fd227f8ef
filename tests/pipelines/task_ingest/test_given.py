"""Tasks that are there before anything is asked."""

from typing import Any

import pandas as pd
import pytest
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from synthetic_textcat.errors import PromptError
from synthetic_textcat.pipeline_registry import register_pipelines
from synthetic_textcat.pipelines.task_ingest.given import GivenTasks, brainstorming_beside, rows_of, sentences_of
from synthetic_textcat.pipelines.task_ingest.nodes import ask_for_tasks, check_row_prompts, read_tasks_file
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, TaskIngestParameters
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


_DRAWN = "{task} {language} {difficulty} {clarity} {num_words}"
_CLOSED = f"{_DRAWN} {{labels}} {{label}} {{misleading_label}}"


def _checked(
    tasks: GivenTasks, closed: str = _CLOSED, opened: str = _DRAWN, part: str = "{seed_examples}", **sampling: object
) -> GivenTasks:
    of_closed, of_open = (ChatPromptTemplate([("user", text)]) for text in (closed, opened))
    settings = AttributeSamplingParameters.model_validate(sampling)
    return check_row_prompts(tasks, of_closed, of_open, PromptTemplate.from_template(part), settings)


def test_tasks_pass_where_prompts_say_all_that_their_rows_have() -> None:
    tasks = [_FILE]
    assert _checked(tasks) is tasks


@pytest.mark.parametrize(
    ("task", "changed", "says"),
    [
        (
            _FILE,
            {"opened": _DRAWN.replace("{language}", "{lang}")},
            r"open_labels .* \{lang\}; did you mean language\?",
        ),
        (_THOUGHT, {"closed": _DRAWN}, r"closed_labels lacks the placeholder \{labels\}"),
        (_FILE, {"part": "{seeds}"}, r"seed_examples has the unknown placeholder \{seeds\}"),
        (_FILE, {"extra": {"tone": "dry"}}, r"lacks the placeholder \{own_attributes\}"),
        ({"task": "A.", "extra": {"tone": "dry"}}, {}, r"lacks the placeholder \{own_attributes\}"),
        ({"task": "A.", "labels": [{"name": "x", "extra": {"a": "b"}}, "y"]}, {}, r"lacks .* \{own_attributes\}"),
        ({"task": "A.", "seed_examples": ["so"]}, {}, r"lacks the placeholder \{seed_examples\}"),
    ],
)
def test_prompts_of_rows_are_refused_before_anything_is_asked(task: object, changed: dict[str, Any], says: str) -> None:
    given = Task.model_validate(task)
    kept = KeptTasks(pd.DataFrame([given.to_row("file")], columns=TASKS_ARROW_SCHEMA.names))
    for tasks in ([given], kept):
        with pytest.raises(PromptError, match=says):
            _checked(tasks, **changed)


def test_seed_examples_that_are_never_shown_need_no_place() -> None:
    assert _checked([Task.model_validate({"task": "A.", "seed_examples": ["so"]})], num_seed_examples=0)


@pytest.mark.parametrize("name", ["task_ingest", "generate", "quote"])
def test_no_pipeline_asks_for_tasks_before_it_has_checked_the_prompts_of_rows(name: str) -> None:
    asking = register_pipelines()[name].to_outputs(*_asked_for(name)).nodes
    assert any(node.func is check_row_prompts for node in asking)


def _asked_for(name: str) -> list[str]:
    return [out for node in register_pipelines()[name].nodes if node.func is ask_for_tasks for out in node.outputs]
