"""Nodes of brainstorming, and the plan of its calls, which the calling and the collecting node share."""

import logging
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import RunStoppedError
from synthetic_textcat.hashing import draw_int
from synthetic_textcat.llm.calls.asking import Asked, policy_for
from synthetic_textcat.llm.calls.budget import Budget
from synthetic_textcat.llm.calls.policy import Call, judging
from synthetic_textcat.llm.calls.settlement import Settlement, settle
from synthetic_textcat.llm.calls.token_limits import limit_of, list_tokens
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.interview import Conversation, Interview, Questions, answer_all
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.prompts.messages import Fingerprinter, Messages, check_placeholders
from synthetic_textcat.pipelines.task_ingest.brainstorm.report import (
    brainstorm_summary,
    call_rows,
    check_has_tasks,
    check_no_transport_failure,
    missing_tasks_notice,
    task_rows,
    warnings,
)
from synthetic_textcat.pipelines.task_ingest.brainstorm.rounds import (
    BrainstormQuestion,
    BrainstormReply,
    BrainstormResult,
    BrainstormRounds,
    ProposedTask,
    SelectedTask,
    read_domains,
)
from synthetic_textcat.pipelines.task_ingest.confusable_file import NO_CONFUSABLE_LABELS, ConfusableLabels
from synthetic_textcat.pipelines.task_ingest.look_alikes import warnings_about_labels
from synthetic_textcat.pipelines.task_ingest.tasks_file import GivenTasks, brainstorm_settings, rows_of, sentences_of
from synthetic_textcat.schemas.completions import (
    MOST_LABELS,
    Completion,
    LabelSetReply,
    TaskList,
    label_set_schema,
    task_list_schema,
)
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters, TaskIngestParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.stops import LastBatch, Stops
from synthetic_textcat.schemas.tasks import (
    TASKS_ARROW_SCHEMA,
    TASKS_BY_CALL_ARROW_SCHEMA,
    Label,
    Task,
    task_from_row,
)

_NONE_YET = "(none yet)"

_TIMES_ASKED, _ASKED_BEYOND = 2, 20
"""Limit of label set calls: twice the wanted tasks plus 20. Half of the tasks can be replaced, and a model that never
returns a label set ends the run at `first_streak.ENOUGH`, however few tasks are wanted."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BrainstormPlan:
    """Inputs that determine all brainstorming calls, given the replies.

    Attributes:
        seed, settings, domains: See the parameters and `domains.yml`.
        file: Sentences of the user's tasks.
        prompt, label_prompt: Prompts for tasks, and for the label set of a task.
        llm, identity: The model as it enters the fingerprint.
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

    def conversation(self) -> Conversation[BrainstormResult]:
        """All rounds as a coroutine: yields questions, receives settlements; deterministic for the same replies."""
        rounds = BrainstormRounds(self.seed, self.settings, self.domains, self.file)
        yield from self._rounds(rounds)
        if self.settings.label_sets == "none" or rounds.stopped:
            return BrainstormResult(rounds, [SelectedTask(task) for task in rounds.tasks[: rounds.wanted]])
        return BrainstormResult(rounds, (yield from self._label_sets(rounds)))

    def _label_sets(
        self, rounds: BrainstormRounds
    ) -> Generator[Questions, Sequence[Settlement[Any]], list[SelectedTask]]:
        """Requests label sets in task order; a task without a label set is replaced by the next task."""
        selected: list[SelectedTask] = []
        while not rounds.stopped and (tasks := rounds.tasks[len(selected) : rounds.wanted]):
            settlements = yield Questions([self._label_call(task) for task in tasks], LabelSetReply, "label sets")
            selected += [self._selected(*each) for each in zip(tasks, settlements, strict=True)]
            if any(not each.result.is_settled for each in selected):
                break
            missing = sum(not each.labels for each in selected)
            rounds.wanted = min(self.settings.num_brainstormed + missing, self._most_asked)
            yield from self._rounds(rounds)
        return selected

    @property
    def _most_asked(self) -> int:
        """Limit of label set calls; a higher number of wanted tasks keeps the order of the first ones."""
        return _TIMES_ASKED * self.settings.num_brainstormed + _ASKED_BEYOND

    def _rounds(self, rounds: BrainstormRounds) -> Generator[Questions, Sequence[Settlement[Any]], None]:
        while asked := rounds.next_round():
            about = f"tasks ({len(rounds.tasks)} of {rounds.wanted} so far)"
            settlements = yield Questions([self._task_call(call) for call in asked], TaskList, about)
            rounds.add_round(asked, [self._call_result(settlement) for settlement in settlements])

    def _task_call(self, asked: BrainstormQuestion) -> Call:
        found = "\n".join(f"- {sentence}" for sentence in asked.found) or _NONE_YET
        messages = self.prompt.format_messages(num_tasks=self.settings.tasks_per_call, domain=asked.domain, found=found)
        return self._call(str(asked.number), messages, task_list_schema(), self.settings.tasks_per_call)

    def _label_call(self, task: ProposedTask) -> Call:
        messages = self.label_prompt.format_messages(task=task.sentence)
        number = f"labels {Task(task=task.sentence).task_id}"
        return self._call(number, messages, label_set_schema(), MOST_LABELS)

    def _call(self, number: str, messages: Messages, schema: dict[str, Any], items: int) -> Call:
        fingerprint = Fingerprinter(self.llm, self.identity).of(f"brainstorm {self.seed} {number}", messages, schema)
        seed = draw_int(31, self.seed, "brainstorm", number)
        return Call(number, fingerprint, messages, schema, seed, limit=limit_of(self.llm, lambda: list_tokens(items)))

    def _call_result(self, settlement: Settlement[Any]) -> BrainstormReply:
        sentences = settlement.value.tasks if isinstance(settlement.value, TaskList) else ()
        model_name = settlement.completion.model_name if settlement.completion else None
        cause, detail = settlement.problem or (None, "")
        is_settled = not settlement.is_open(self.max_attempts)
        return BrainstormReply(sentences, cause, detail, model_name, is_settled)

    def _selected(self, task: ProposedTask, settlement: Settlement[LabelSetReply]) -> SelectedTask:
        labels = settlement.value.labels if settlement.value else ()
        named = tuple(Label(name=label.name, description=label.description) for label in labels)
        return SelectedTask(task, named, self._call_result(settlement))


class CollectedTasks(NamedTuple):
    """All tasks in one table, and the brainstormed tasks by call."""

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
    """Brainstorming plan, validated before a call is paid for.

    Raises:
        DomainsFileError: If the list of domains is invalid.
        PromptError: If a prompt can't be filled.
    """
    return BrainstormPlan(
        seed=seed,
        settings=brainstorm_settings(file_tasks, task_ingest),
        domains=read_domains(domains),
        file=sentences_of(file_tasks),
        prompt=brainstorm_prompt,
        label_prompt=label_set_prompt,
        llm=llm,
        identity=spec.identity_of(llm),
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
    """Makes the brainstorming calls without a reply in the journal and yields completions as they arrive.

    Raises:
        FatalAnswerError: After a fatal answer, once all calls in flight have been yielded.
        PriceListError: If a cap in USD is set that can't be enforced.
    """
    spent = (completion for completion in journal if completion.run_id == run_id)
    budget = Budget(generation, PriceList.read(prices), llm.model, spent)
    asked = Asked(spec, llm)
    policy = policy_for(asked, generation, retry_prompt, judging(TaskList), budget, run_id)
    interview = Interview(plan.conversation(), journal, generation.max_attempts)
    outage = yield from interview.hold(asked.open, policy)
    if outage is not None:
        yield LastBatch(Stops(outage=outage))


def collect_tasks(
    file_tasks: GivenTasks,
    plan: BrainstormPlan,
    journal: Journal,
    stops: dict[str, Any],
    confusable_labels: ConfusableLabels = NO_CONFUSABLE_LABELS,
) -> CollectedTasks:
    """The tables `tasks` (tasks of the file, then brainstormed tasks) and `tasks_by_call`.

    After an outage they hold the tasks found so far: no row is requested in this run, so the plan may still grow.

    Raises:
        BrainstormError: If a call has no reply, since its tasks would change the plan; or if there is no task.
        ConfusableFileError: If an entry of the file of confusable labels does not fit its task.
        RunStoppedError: If there is no task because of an outage.
    """
    found, outage = _replayed(plan, journal), Stops.read(stops).outage
    if outage is None:
        check_no_transport_failure(found)
    rows = rows_of(file_tasks) + task_rows(found, plan.settings, confusable_labels)
    if not rows and outage is not None:
        raise RunStoppedError(f"Stopped by {outage.says}. There is no task yet, so no row was planned")
    check_has_tasks(len(rows), found)
    if plan.settings.num_brainstormed:
        logger.info("%s", brainstorm_summary(found, plan.settings))
    for line in warnings(found, plan.settings, "An outage" if outage else "A cap"):
        logger.warning("%s", line)
    for line in warnings_about_labels([task_from_row(row) for row in rows if row["source"] == "brainstorm"]):
        logger.warning("%s", line, extra={"markup": False})
    if plan.settings.num_brainstormed and (unknown := confusable_labels.unknown(row["task_id"] for row in rows)):
        logger.warning("%s names tasks that do not exist: %s", confusable_labels.file, "; ".join(unknown))
    return CollectedTasks(
        pd.DataFrame(rows, columns=TASKS_ARROW_SCHEMA.names),
        pd.DataFrame(call_rows(found.rounds), columns=TASKS_BY_CALL_ARROW_SCHEMA.names),
    )


def collect_known_tasks(
    file_tasks: GivenTasks, plan: BrainstormPlan, journal: Journal, confusable_labels: ConfusableLabels
) -> pd.DataFrame:
    """The table `tasks` as far as known without calls, for a preview.

    Raises:
        BrainstormError: If no task is known.
    """
    found = _replayed(plan, journal)
    rows = rows_of(file_tasks) + task_rows(found, plan.settings, confusable_labels)
    if line := missing_tasks_notice(found, plan.settings, has_tasks=bool(rows)):
        logger.warning("%s", line)
    return pd.DataFrame(rows, columns=TASKS_ARROW_SCHEMA.names)


def _replayed(plan: BrainstormPlan, journal: Journal) -> BrainstormResult:
    return answer_all(
        plan.conversation(),
        lambda questions: [
            settle(completions, judging(questions.wanted))
            for completions in journal.completions(call.fingerprint for call in questions.calls)
        ],
    )
