"""Nodes of `task_ingest`."""

from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from synthetic_textcat.llm.row_prompts import RowTemplates
from synthetic_textcat.pipelines.task_ingest.tasks_file import (
    GivenTasks,
    have_own_attributes,
    have_seed_examples,
    read_tasks,
)
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, TaskIngestParameters
from synthetic_textcat.schemas.task_input import KeptTasks, TasksFile


def read_tasks_file(tasks_file: object, task_ingest: TaskIngestParameters) -> GivenTasks:
    """The user's tasks, before anything is asked.

    Args:
        tasks_file: What the catalog's entry loads: a `TasksFile`, the `KeptTasks` of an earlier run, or, from a dataset
            of Kedro's, a list or a frame.
        task_ingest: Without brainstorming the file must hold a task.

    Raises:
        TasksFileError: If the file is wrong.
    """
    if isinstance(tasks_file, KeptTasks):
        return tasks_file
    may_be_empty = task_ingest.num_brainstormed > 0
    if isinstance(tasks_file, TasksFile):
        return read_tasks(tasks_file.content, tasks_file.path, may_be_empty)
    return read_tasks(tasks_file, may_be_empty=may_be_empty)


def check_row_prompts(
    file_tasks: GivenTasks,
    closed_prompt: ChatPromptTemplate,
    open_prompt: ChatPromptTemplate,
    seed_examples_prompt: PromptTemplate,
    attribute_sampling: AttributeSamplingParameters,
) -> GivenTasks:
    """The tasks as they are, once the prompts of their rows are known to be right: brainstorming is paid for before.

    Raises:
        PromptError: If a prompt can't be filled.
    """
    templates = RowTemplates(closed_prompt, open_prompt, seed_examples_prompt)
    # Tasks that the model thinks of have neither.
    templates.check(
        has_own_attributes=bool(attribute_sampling.extra) or have_own_attributes(file_tasks),
        has_seed_examples=attribute_sampling.num_seed_examples > 0 and have_seed_examples(file_tasks),
    )
    return file_tasks
