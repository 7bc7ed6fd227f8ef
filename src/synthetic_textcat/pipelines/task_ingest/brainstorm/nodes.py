"""Nodes of brainstorming, and the plan of its calls for the node that asks and the node that collects."""

import logging
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import RunStoppedError
from synthetic_textcat.hashing import draw_int
from synthetic_textcat.llm.budget import Budget
from synthetic_textcat.llm.calls import Call, CallPolicy, RetryPolicy, judging, retry_conversation
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.interview import Conversation, Interview, Questions, answer_all
from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.prompts import Fingerprinter, Messages, check_placeholders
from synthetic_textcat.llm.settlement import Settlement, settle
from synthetic_textcat.llm.spec import ChatModelSpec
from synthetic_textcat.pipelines.task_ingest.brainstorm.report import (
    brainstorm_outcome,
    call_rows,
    not_thought_of_yet,
    refuse_broken_off,
    refuse_nothing,
    task_rows,
    warnings,
)
from synthetic_textcat.pipelines.task_ingest.brainstorm.rounds import (
    Asked,
    Brought,
    Found,
    Proposed,
    Rounds,
    Thought,
    read_domains,
)
from synthetic_textcat.pipelines.task_ingest.tasks_file import GivenTasks, brainstorming_next_to, rows_of, sentences_of
from synthetic_textcat.schemas.completions import Completion, LabelSet, TaskList, label_set_schema, task_list_schema
from synthetic_textcat.schemas.outcomes import LastBatch, Stops
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters, TaskIngestParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, TASKS_BY_CALL_ARROW_SCHEMA, Label, Task

_NONE_YET = "(none yet)"

_TIMES_ASKED, _ASKED_BEYOND = 2, 20
"""At most twice the tasks that are wanted, and 20, are asked for a label set: enough to replace every other one, and so
many that a model which can't do it at all ends the run at `first_replies.ENOUGH`, however few are wanted."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BrainstormPlan:
    """What the brainstorming is a function of, beside the replies.

    Attributes:
        seed, settings, domains: See the parameters and `domains.yml`.
        file: The sentences of the user's tasks.
        prompt, label_prompt: Ask for tasks, and for the label set of one.
        llm, identity: The model, as the fingerprint knows it.
        max_attempts: Replies after which a call has failed.
    """

    seed: int
    settings: TaskIngestParameters
    domains: Sequence[str]
    file: Sequence[str]
    prompt: ChatPromptTemplate
    label_prompt: ChatPromptTemplate
    llm: LlmParameters
    identity: Sequence[Any]
    max_attempts: int

    def __post_init__(self) -> None:
        """Raises PromptError if a prompt can't be filled."""
        check_placeholders("brainstorm", self.prompt, required=["num_tasks", "domain", "found"], allowed=[])
        check_placeholders("label_set", self.label_prompt, required=["task"], allowed=[])

    def conversation(self) -> Conversation[Found]:
        """The whole of it; the same questions for the same answers."""
        rounds = Rounds(self.seed, self.settings, self.domains, self.file)
        yield from self._rounds(rounds)
        if self.settings.label_sets == "none" or rounds.stopped:
            return Found(rounds, [Proposed(thought) for thought in rounds.tasks[: rounds.wanted]])
        return Found(rounds, (yield from self._label_sets(rounds)))

    def _label_sets(self, rounds: Rounds) -> Generator[Questions, Sequence[Settlement[Any]], list[Proposed]]:
        """Goes down the list of tasks until enough have a set; a task that got none is replaced by the next one."""
        proposed: list[Proposed] = []
        while not rounds.stopped and (thoughts := rounds.tasks[len(proposed) : rounds.wanted]):
            settlements = yield Questions([self._label_call(thought) for thought in thoughts], LabelSet, "label sets")
            proposed += [self._proposed(*each) for each in zip(thoughts, settlements, strict=True)]
            if any(not each.brought.is_settled for each in proposed):
                break
            missing = sum(not each.labels for each in proposed)
            rounds.wanted = min(self.settings.num_brainstormed + missing, self._most_asked)
            yield from self._rounds(rounds)
        return proposed

    @property
    def _most_asked(self) -> int:
        """How many tasks are asked for a label set: if more are wanted, the first ones stay the first ones."""
        return _TIMES_ASKED * self.settings.num_brainstormed + _ASKED_BEYOND

    def _rounds(self, rounds: Rounds) -> Generator[Questions, Sequence[Settlement[Any]], None]:
        while asked := rounds.next_round():
            about = f"tasks ({len(rounds.tasks)} of {rounds.wanted} so far)"
            settlements = yield Questions([self._task_call(call) for call in asked], TaskList, about)
            rounds.take(asked, [self._brought(settlement) for settlement in settlements])

    def _task_call(self, asked: Asked) -> Call:
        found = "\n".join(f"- {sentence}" for sentence in asked.found) or _NONE_YET
        messages = self.prompt.format_messages(num_tasks=self.settings.tasks_per_call, domain=asked.domain, found=found)
        return self._call(str(asked.number), messages, task_list_schema())

    def _label_call(self, thought: Thought) -> Call:
        messages = self.label_prompt.format_messages(task=thought.sentence)
        number = f"labels {Task(task=thought.sentence).task_id}"
        return self._call(number, messages, label_set_schema())

    def _call(self, number: str, messages: Messages, schema: dict[str, Any]) -> Call:
        fingerprint = Fingerprinter(self.llm, self.identity).of(f"brainstorm {self.seed} {number}", messages, schema)
        return Call(number, fingerprint, messages, schema, draw_int(31, self.seed, "brainstorm", number))

    def _brought(self, settlement: Settlement[Any]) -> Brought:
        sentences = settlement.value.tasks if isinstance(settlement.value, TaskList) else ()
        model_name = settlement.completion.model_name if settlement.completion else None
        cause, detail = settlement.problem or (None, "")
        is_settled = not settlement.is_open(self.max_attempts)
        return Brought(sentences, cause, detail, model_name, is_settled)

    def _proposed(self, thought: Thought, settlement: Settlement[LabelSet]) -> Proposed:
        labels = settlement.value.labels if settlement.value else ()
        named = tuple(Label(name=label.name, description=label.description) for label in labels)
        return Proposed(thought, named, self._brought(settlement))


class CollectedTasks(NamedTuple):
    """All tasks, flat, and the brainstormed ones by the calls that brought them."""

    tasks: pd.DataFrame
    tasks_by_call: pd.DataFrame


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
        settings=brainstorming_next_to(file_tasks, task_ingest),
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
    policy = CallPolicy(
        judge=judging(TaskList),
        ask_again=retry_conversation(retry_prompt),
        limits=generation,
        budget=Budget(generation, PriceList.read(prices), llm.model, spent, llm.max_tokens),
        run_id=run_id,
        retries=RetryPolicy(spec.max_retries, generation.max_wait_seconds),
        deadline_s=spec.deadline_s,
    )
    interview = Interview(plan.conversation(), journal, generation.max_attempts)
    outage = yield from interview.hold(lambda: Chat(spec.build(llm), llm), policy)
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
        logger.info("%s", brainstorm_outcome(found, plan.settings))
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
