"""Nodes of `task_ingest` that read and check the user's tasks; brainstorming nodes are in `brainstorm.nodes`."""

import logging

from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from synthetic_textcat.llm.row_prompts import RowTemplates
from synthetic_textcat.pipelines.task_ingest.look_alikes import warnings_about_labels
from synthetic_textcat.pipelines.task_ingest.tasks_file import (
    GivenTasks,
    have_own_attributes,
    have_seed_examples,
    read_tasks,
)
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, TaskIngestParameters
from synthetic_textcat.schemas.task_input import KeptTasks, TasksFile

logger = logging.getLogger(__name__)

_PLAIN = {"markup": False}  # Kedro's log would take `[label]` for a colour


def read_tasks_file(tasks_file: object, task_ingest: TaskIngestParameters) -> GivenTasks:
    """Tasks of the user's file, validated before any call is made.

    Args:
        tasks_file: Content of the catalog entry: a `TasksFile`, the `KeptTasks` of an earlier run, or a list or data
            frame if the entry is one of Kedro's own dataset types.
        task_ingest: Without brainstorming the file must contain a task.

    Raises:
        TasksFileError: If the file is invalid.
    """
    if isinstance(tasks_file, KeptTasks):
        return tasks_file
    may_be_empty = task_ingest.num_brainstormed > 0
    if isinstance(tasks_file, TasksFile):
        tasks = read_tasks(tasks_file.content, tasks_file.path, may_be_empty)
    else:
        tasks = read_tasks(tasks_file, may_be_empty=may_be_empty)
    for line in warnings_about_labels(tasks):
        logger.warning("%s", line, extra=_PLAIN)
    return tasks


def check_row_prompts(
    file_tasks: GivenTasks,
    closed_prompt: ChatPromptTemplate,
    open_prompt: ChatPromptTemplate,
    seed_examples_prompt: PromptTemplate,
    attribute_sampling: AttributeSamplingParameters,
) -> GivenTasks:
    """Check of the row prompts before brainstorming, which is paid for; returns the tasks unchanged.

    Raises:
        PromptError: If a prompt can't be filled.
    """
    templates = RowTemplates(closed_prompt, open_prompt, seed_examples_prompt)
    # Brainstormed tasks have neither.
    templates.check(
        has_own_attributes=bool(attribute_sampling.extra) or have_own_attributes(file_tasks),
        has_seed_examples=attribute_sampling.num_seed_examples > 0 and have_seed_examples(file_tasks),
    )
    return file_tasks
