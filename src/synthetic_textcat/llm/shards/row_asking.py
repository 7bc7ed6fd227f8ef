"""Asking for the rows of a shard: the code path of one machine, whose shard is the whole plan, and of each worker."""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Event

from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.llm.calls.answering_model import AnsweringModel
from synthetic_textcat.llm.calls.asking import Asked, pending_calls, policy_for
from synthetic_textcat.llm.calls.budget import Budget
from synthetic_textcat.llm.calls.first_replies import BadStart, TaskPauses
from synthetic_textcat.llm.calls.open_rows import OpenRow, OpenRows
from synthetic_textcat.llm.calls.plan_reader import PlanReader
from synthetic_textcat.llm.calls.policy import Call
from synthetic_textcat.llm.calls.row_judge import row_judge
from synthetic_textcat.llm.calls.settlement import checking
from synthetic_textcat.llm.calls.token_limits import row_tokens
from synthetic_textcat.llm.chat_models.server_list import server_list
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.llm.engine.leased_meter import MeterLink
from synthetic_textcat.llm.prompts.row_prompts import RowPrompts
from synthetic_textcat.schemas.completions import Completion, RowCheck
from synthetic_textcat.schemas.open_calls import Batch
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.stops import Outage
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowTable

_STALE = (
    "The dataset 'calls' belongs to another plan, prompt or model, and a reply would be stored under the wrong call. "
    "Next: run `kedro run --pipelines generation`, which lists the calls again"
)

_RENDERED = 4_096
"""Rows whose columns are read at a time for their prompts."""


@dataclass(frozen=True, slots=True)
class RowJob:
    """Settings of asking for rows, the same for each shard of a run.

    Attributes:
        spec: Recipe of the model.
        llm: Settings of the model.
        generation: Limits and attempts.
        retry_prompt: Prompt after a bad reply.
        prices: Prices of tokens.
        run_id: The run.
        tasks: Tasks of the plan.
        row_check: The checks of single rows.
    """

    spec: ChatModelSpec
    llm: LlmParameters
    generation: GenerationParameters
    retry_prompt: ChatPromptTemplate
    prices: PriceList
    run_id: str
    tasks: Sequence[Task]
    row_check: RowCheck


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings of a shard's calls, apart from the completions.

    Attributes:
        outage: The outage that stopped the calls early; None if there was none.
        paused: Streaks of bad replies of paused tasks, by task id.
        left_out: Rows that were not asked for since their task is paused, by task id.
        others: Names of other models than the requested one in the replies.
        down: Servers that do not answer, of several that serve the plan, with the reason.
    """

    outage: Outage | None = None
    paused: Mapping[str, BadStart] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=Counter)
    others: tuple[str, ...] = ()
    down: Mapping[str, str] = field(default_factory=dict)


class RowAsking:
    """The calls of open rows, with the policy that they share.

    Args:
        job: Settings.
        requests: Planned rows, to which the positions of the open rows refer.
        prompts: Renderer of their prompts.
        still_open: The open rows.
        earlier_replies: First replies of each task so far.
        spent: Completions that this run has made for other stages.

    Attributes:
        policy: The policy of the calls.
        rows: The open rows of tasks that are not paused.
        open_tasks: Ids of the tasks that have open rows.

    Raises:
        PriceListError: If a cap in USD is set that can't be enforced.
    """

    def __init__(
        self,
        job: RowJob,
        requests: RowTable,
        prompts: RowPrompts,
        still_open: OpenRows,
        earlier_replies: Mapping[str, BadStart],
        spent: Iterable[Completion] = (),
    ) -> None:
        self.job = job
        self._plan = PlanReader(requests)
        self._prompts = prompts
        self._still_open = still_open
        self._asked = Asked(job.spec, job.llm)
        model = None if job.spec.names_deployments else job.llm.model
        self._answering = AnsweringModel(model, job.llm.structured_output)
        generation = job.generation
        self._pauses = TaskPauses(generation.pause_task_after, checking(job.tasks, job.row_check), earlier_replies)
        budget = Budget(generation, job.prices, job.llm.model, spent)
        self.policy = policy_for(
            self._asked,
            generation,
            job.retry_prompt,
            row_judge(requests),
            budget,
            job.run_id,
            self._pauses,
            self._answering,
        )
        of_tasks = self._plan.counts(still_open.positions)
        paused = [task_id for task_id, number in of_tasks.items() if self._pauses.leave_out(task_id, number)]
        self.rows = still_open.where(~self._plan.are_of(paused, still_open.positions))
        self.open_tasks = frozenset(of_tasks)

    def calls(self, rows: Sequence[OpenRow]) -> Iterator[Call]:
        """The calls of these rows, lazily.

        Raises:
            StaleTableError: If the open rows belong to another plan, prompt or model.
        """
        for start in range(0, len(rows), _RENDERED):  # all columns as Python lists would be 1 kB a row
            some = list(rows[start : start + _RENDERED])
            planned = self._plan.at([row.position for row in some])
            yield from pending_calls(
                zip(self._prompts.rendered(planned, self.job.llm.has_planned_labels), some, strict=True),
                self._asked,
                lambda question: row_tokens(question.row),
                not self._still_open.any_good,
                _STALE,
                lambda question: self._pauses.leave_out(question.row["task_id"]),
            )

    @property
    def answered_tasks(self) -> frozenset[str]:
        """Ids of tasks whose first replies are not all bad for one reason."""
        return self._pauses.answered

    @property
    def any_good(self) -> bool:
        """Whether the journal had a good reply."""
        return self._still_open.any_good

    def ask(
        self,
        rows: Sequence[OpenRow],
        stop: Event | None = None,
        shard: int | None = None,
        link: MeterLink | None = None,
    ) -> Generator[Batch, None, Findings]:
        """Asks for these rows by live calls, and yields the completions as they arrive.

        Args:
            rows: The rows.
            stop: Ends the calls as an interrupt does, once it is set.
            shard: Number of the shard, by which the servers of the model are taken; None = in turn.
            link: Meter of the cluster of which these rows are a shard; None = limits and caps are kept here.

        Raises:
            FatalAnswerError: After a fatal answer, once all calls in flight have been yielded.
            KeyboardInterrupt: After an interrupt, likewise.
            StaleTableError: If the open rows belong to another plan, prompt or model.
        """
        outage = yield from complete(partial(self._asked.open, shard), self.calls(rows), self.policy, link, stop)
        return self.findings(outage)

    def findings(self, outage: Outage | None = None) -> Findings:
        """Findings of the calls so far."""
        return Findings(
            outage,
            dict(self._pauses.paused),
            Counter(self._pauses.left_out),
            tuple(self._answering.others),
            dict(server_list(self.job.spec.servers).down),
        )
