"""Nodes of `task_ingest` that read and check the user's tasks; brainstorming nodes are in `brainstorm.nodes`."""

import logging

from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from synthetic_textcat.console import NO_MARKUP
from synthetic_textcat.llm.prompts.row_prompts import RowTemplates
from synthetic_textcat.pipelines.task_ingest.confusable_file import (
    NO_CONFUSABLE_LABELS,
    ConfusableLabels,
    read_confusable,
)
from synthetic_textcat.pipelines.task_ingest.look_alikes import warnings_about_labels
from synthetic_textcat.pipelines.task_ingest.tasks_file import (
    GivenTasks,
    have_own_attributes,
    have_seed_examples,
    lengths_of,
    read_tasks,
)
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, TaskIngestParameters
from synthetic_textcat.schemas.task_input import KeptTasks, TasksFile

logger = logging.getLogger(__name__)


def read_confusable_file(confusable_file: object, attribute_sampling: AttributeSamplingParameters) -> ConfusableLabels:
    """Confusable labels of the user's file; none without a file, or where misleading labels are drawn evenly.

    Raises:
        ConfusableFileError: If the file is invalid.
    """
    if attribute_sampling.misleading_label == "even":
        return NO_CONFUSABLE_LABELS
    return read_confusable(confusable_file)


def read_tasks_file(
    tasks_file: object, task_ingest: TaskIngestParameters, confusable_labels: ConfusableLabels = NO_CONFUSABLE_LABELS
) -> GivenTasks:
    """Tasks of the user's files, validated before any call is made.

    Args:
        tasks_file: Content of the catalog entry: a `TasksFile`, the `KeptTasks` of an earlier run, or a list or data
            frame if the entry is one of Kedro's own dataset types.
        task_ingest: Without brainstorming the file must contain a task.
        confusable_labels: Of these tasks and, with brainstorming, of others.

    Raises:
        TasksFileError: If the tasks file is invalid.
        ConfusableFileError: If the file of confusable labels does not fit the tasks.
    """
    if isinstance(tasks_file, KeptTasks):
        return tasks_file
    is_brainstormed = task_ingest.num_brainstormed > 0
    if isinstance(tasks_file, TasksFile):
        tasks = read_tasks(tasks_file.content, tasks_file.path, may_be_empty=is_brainstormed)
    else:
        tasks = read_tasks(tasks_file, may_be_empty=is_brainstormed)
    if not is_brainstormed:
        confusable_labels.refuse_unknown(tasks)
    for line in warnings_about_labels(tasks):
        logger.warning("%s", line, extra=NO_MARKUP)
    return [confusable_labels.applied(task) for task in tasks]


def check_row_prompts(
    file_tasks: GivenTasks,
    closed_prompt: ChatPromptTemplate,
    open_prompt: ChatPromptTemplate,
    seed_examples_prompt: PromptTemplate,
    attribute_sampling: AttributeSamplingParameters,
    several_labels_prompt: ChatPromptTemplate | None = None,
) -> GivenTasks:
    """Check of the row prompts before brainstorming, which is paid for; returns the tasks unchanged.

    Raises:
        PromptError: If a prompt can't be filled.
    """
    templates = RowTemplates(closed_prompt, open_prompt, seed_examples_prompt, several_labels_prompt)
    # Brainstormed tasks have no own attributes, seed examples or lengths.
    templates.check(
        has_own_attributes=bool(attribute_sampling.extra) or have_own_attributes(file_tasks),
        has_seed_examples=attribute_sampling.num_seed_examples > 0 and have_seed_examples(file_tasks),
        lengths=lengths_of(file_tasks, attribute_sampling.num_words),
    )
    return file_tasks
