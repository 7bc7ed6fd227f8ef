"""Nodes of `task_ingest`."""

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from synthetic_textcat.errors import RunStoppedError
from synthetic_textcat.llm.budget import Budget
from synthetic_textcat.llm.calls import Manner, RetryPolicy, asking_again, judging
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.interview import Interview
from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.row_prompts import RowTemplates
from synthetic_textcat.llm.settlement import settle
from synthetic_textcat.llm.spec import ChatModelSpec
from synthetic_textcat.pipelines.task_ingest.brainstorm.nodes import BrainstormPlan, Found, answer_all
from synthetic_textcat.pipelines.task_ingest.brainstorm.report import (
    call_rows,
    came_to,
    not_thought_of_yet,
    refuse_broken_off,
    refuse_nothing,
    task_rows,
    warnings,
)
from synthetic_textcat.pipelines.task_ingest.brainstorm.rounds import read_domains
from synthetic_textcat.pipelines.task_ingest.tasks_file import (
    GivenTasks,
    brainstorming_beside,
    have_own_attributes,
    have_seed_examples,
    read_tasks,
    rows_of,
    sentences_of,
)
from synthetic_textcat.schemas.completions import Completion, TaskList
from synthetic_textcat.schemas.outcomes import LastBatch, Stops
from synthetic_textcat.schemas.parameters import (
    AttributeSamplingParameters,
    GenerationParameters,
    LlmParameters,
    TaskIngestParameters,
)
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.task_input import KeptTasks, TasksFile
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, TASKS_BY_CALL_ARROW_SCHEMA

logger = logging.getLogger(__name__)


class CollectedTasks(NamedTuple):
    """All tasks, flat, and the brainstormed ones by the calls that brought them."""

    tasks: pd.DataFrame
    tasks_by_call: pd.DataFrame


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


def plan_brainstorm(
    file_tasks: GivenTasks,
    domains: object,
    brainstorm_prompt: ChatPromptTemplate,
    label_set_prompt: ChatPromptTemplate,
    spec: ChatModelSpec,
    llm: LlmParameters,
    task_ingest: TaskIngestParameters,
    generation: GenerationParameters,
    seed: int,
) -> BrainstormPlan:
    """What is to be asked, checked before a call is paid for.

    Raises:
        DomainsFileError: If the list of domains is wrong.
        PromptError: If a prompt can't be filled.
    """
    return BrainstormPlan(
        seed=seed,
        settings=brainstorming_beside(file_tasks, task_ingest),
        domains=read_domains(domains),
        file=sentences_of(file_tasks),
        prompt=brainstorm_prompt,
        label_prompt=label_set_prompt,
        llm=llm,
        identity=spec.identity,
        max_attempts=generation.max_attempts,
    )


def ask_for_tasks(
    plan: BrainstormPlan,
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
    spent = (completion for completion in journal if completion.run_id == run_id)
    manner = Manner(
        judge=judging(TaskList),
        ask_again=asking_again(retry_prompt),
        limits=generation,
        budget=Budget(generation, PriceList.read(prices), llm.model, spent, llm.max_tokens),
        run_id=run_id,
        retries=RetryPolicy(spec.max_retries, generation.max_wait_seconds),
        deadline_s=spec.deadline_s,
    )
    interview = Interview(plan.conversation(), journal, generation.max_attempts)
    outage = yield from interview.hold(lambda: Chat(spec.build(llm), llm), manner)
    if outage is not None:
        yield LastBatch(Stops(outage=outage))


def collect_tasks(
    file_tasks: GivenTasks, plan: BrainstormPlan, journal: Journal, stops: dict[str, Any]
) -> CollectedTasks:
    """The tables `tasks` (those of the file, then those that the model thought of) and `tasks_by_call`.

    After an outage they hold what there is: no row is asked for in this run, so the plan may still grow.

    Raises:
        BrainstormError: If a call brought no reply, since with its tasks the plan would be another one; or if there is
            no task at all.
        RunStoppedError: If there is no task at all for an outage.
    """
    found, outage = _replayed(plan, journal), Stops.read(stops).outage
    if outage is None:
        refuse_broken_off(found)
    rows = rows_of(file_tasks) + task_rows(found, plan.settings)
    if not rows and outage is not None:
        raise RunStoppedError(f"Stopped by {outage.says}. No task is there yet, so no row was planned")
    refuse_nothing(len(rows), found)
    if plan.settings.num_brainstormed:
        logger.info("%s", came_to(found, plan.settings))
    for line in warnings(found, plan.settings, "An outage" if outage else "A cap"):
        logger.warning("%s", line)
    return CollectedTasks(
        pd.DataFrame(rows, columns=TASKS_ARROW_SCHEMA.names),
        pd.DataFrame(call_rows(found.rounds), columns=TASKS_BY_CALL_ARROW_SCHEMA.names),
    )


def collect_known_tasks(file_tasks: GivenTasks, plan: BrainstormPlan, journal: Journal) -> pd.DataFrame:
    """The table `tasks` as far as it is known without asking, for a preview.

    Raises:
        BrainstormError: If that is no task at all.
    """
    found = _replayed(plan, journal)
    rows = rows_of(file_tasks) + task_rows(found, plan.settings)
    if line := not_thought_of_yet(found, plan.settings, has_tasks=bool(rows)):
        logger.warning("%s", line)
    return pd.DataFrame(rows, columns=TASKS_ARROW_SCHEMA.names)


def _replayed(plan: BrainstormPlan, journal: Journal) -> Found:
    return answer_all(
        plan.conversation(),
        lambda questions: [
            settle(completions, questions.wanted)
            for completions in journal.completions(call.fingerprint for call in questions.calls)
        ],
    )
