"""Nodes of `task_ingest`."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import BrainstormError
from synthetic_textcat.hashing import draw_int
from synthetic_textcat.llm.budget import Budget
from synthetic_textcat.llm.calls import Call, Manner
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.engine import complete
from synthetic_textcat.llm.fingerprints import Fingerprinter
from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.messages import check_placeholders
from synthetic_textcat.llm.open_calls import open_rows
from synthetic_textcat.llm.retries import asking_again, judging
from synthetic_textcat.llm.settlement import settle
from synthetic_textcat.llm.spec import ChatModelSpec
from synthetic_textcat.pipelines.task_ingest.brainstorm import new_tasks
from synthetic_textcat.pipelines.task_ingest.tasks_file import read_tasks
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters, TaskIngestParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.replies import TaskList, task_list_schema
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from synthetic_textcat.schemas.tasks_file import TasksFile

logger = logging.getLogger(__name__)


def read_tasks_file(tasks_file: object) -> list[Task]:
    """The user's tasks, before anything is asked.

    Args:
        tasks_file: What the catalog's entry loads: a `TasksFile`, or, from a dataset of Kedro's, a list or a frame.

    Raises:
        TasksFileError: If the file is wrong.
    """
    if isinstance(tasks_file, TasksFile):
        return read_tasks(tasks_file.content, tasks_file.path)
    return read_tasks(tasks_file)


def plan_brainstorm(
    file_tasks: list[Task],
    brainstorm_prompt: ChatPromptTemplate,
    spec: ChatModelSpec,
    llm: LlmParameters,
    task_ingest: TaskIngestParameters,
    seed: int,
) -> list[Call]:
    """The calls that ask the model for tasks; none if no task is to be thought of."""
    del file_tasks  # an input so that a wrong tasks file shows before a call is paid for
    check_placeholders("brainstorm", brainstorm_prompt, required=["num_tasks"], allowed=[])
    if not task_ingest.num_brainstormed:
        return []
    number, schema = "0", task_list_schema()
    messages = brainstorm_prompt.format_messages(num_tasks=task_ingest.num_brainstormed)
    fingerprint = Fingerprinter(llm, spec.identity).of(f"brainstorm {seed} {number}", messages, schema)
    return [Call(number, fingerprint, messages, schema, draw_int(31, seed, "brainstorm", number))]


def ask_for_tasks(
    calls: list[Call],
    journal: Journal,
    retry_prompt: ChatPromptTemplate,
    spec: ChatModelSpec,
    llm: LlmParameters,
    generation: GenerationParameters,
    prices: dict[str, Any],
    run_id: str,
) -> Iterator[list[Completion]]:
    """Makes the brainstorming calls that the journal does not answer; yields completions as they arrive.

    Raises:
        FatalAnswerError: After a fatal answer, when all that was in flight has been yielded.
        PriceListError: If there is a cap in USD that can't be kept.
    """
    budget = Budget(generation, PriceList.read(prices), llm.model)
    manner = Manner(judging(TaskList), asking_again(retry_prompt), generation, budget, run_id)
    still_open = open_rows([call.fingerprint for call in calls], journal, TaskList, generation.max_attempts)
    pending = (replace(calls[row.position], past=row.past) for row in still_open.rows)
    yield from complete(lambda: Chat(spec.build(llm), llm), pending, manner)


def collect_tasks(
    file_tasks: list[Task], calls: list[Call], journal: Journal, task_ingest: TaskIngestParameters
) -> pd.DataFrame:
    """The table `tasks`: those of the file, then those that the model thought of and the file has not.

    Raises:
        BrainstormError: If a call brought no tasks: without them the plan would be another one.
    """
    rows = [task.to_row("file") for task in file_tasks]
    taken = {task.task_id for task in file_tasks}
    for completions in journal.completions(call.fingerprint for call in calls):
        settlement = settle(completions, TaskList)
        if settlement.value is None:
            cause, detail = settlement.problem or ("no reply", "")
            raise BrainstormError(
                f"Brainstorming brought no tasks ({cause}: {detail}). Next: run the same command again, or set "
                "task_ingest.num_brainstormed=0"
            )
        thought = new_tasks(settlement.value.tasks, taken)[: task_ingest.num_brainstormed]
        if len(thought) < task_ingest.num_brainstormed:
            logger.warning("Brainstorming brought %d of %d tasks", len(thought), task_ingest.num_brainstormed)
        model_name = settlement.completion.model_name if settlement.completion else None
        rows += [Task(task=text).to_row("brainstorm", model_name) for text in thought]
    return pd.DataFrame(rows, columns=TASKS_ARROW_SCHEMA.names)
