"""Fan-out: asking for the rows of a plan by the workers of a cluster, the first one alone by the driver."""

from collections.abc import Generator, Mapping, Sequence

from synthetic_textcat.llm.calls.first_replies import BadStart
from synthetic_textcat.llm.calls.open_rows import OpenRow
from synthetic_textcat.llm.calls.policy import CallPolicy
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.leases import Limits
from synthetic_textcat.llm.prompts.row_prompts import RowPrompts
from synthetic_textcat.llm.shards.cut import Cut
from synthetic_textcat.llm.shards.folder import SharedFolder
from synthetic_textcat.llm.shards.hand_out import HandOut, RunFindings, Workers
from synthetic_textcat.llm.shards.partition import default_shards
from synthetic_textcat.llm.shards.row_asking import Findings, RowAsking
from synthetic_textcat.llm.shards.shard_run import ShardJob
from synthetic_textcat.schemas.open_calls import Batch
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.tables import RowTable


class FanOut:
    """Asking for the rows of a plan by the workers of a cluster.

    Args:
        workers: The workers.
        folder: The shared folder.
        shards: Number of shards; None for a number that fits workers and rows.
    """

    def __init__(self, workers: Workers, folder: SharedFolder, shards: int | None = None) -> None:
        self._workers = workers
        self._folder = folder
        self._shards = shards

    def ask(
        self,
        asking: RowAsking,
        requests: RowTable,
        prompts: RowPrompts,
        earlier_replies: Mapping[str, BadStart],
    ) -> Generator[Batch, None, Findings]:
        """Asks for the rows: the first by this process alone, the others by the workers, which save them.

        Yields the completions of the first row, then batches of counts.

        Raises:
            ClusterError: If the workers can't do the work, or too many died.
            FatalAnswerError: After a fatal answer to any of them, once what was in flight is saved.
            KeyboardInterrupt: After an interrupt, likewise.
        """
        if not asking.rows:
            return asking.findings()
        try:
            self._workers.start()
            self.prove(asking.job.spec, asking.job.llm, asking.job.run_id)
            return (yield from self._ask(asking, requests, prompts, earlier_replies))
        finally:
            self._workers.close()

    def begin(self, run_id: str) -> None:
        """Takes the shared folder for a run; workers of an earlier run can save nothing more.

        Raises:
            JournalError: If it can't be written.
        """
        self._folder.begin(run_id)

    def prove(self, spec: ChatModelSpec, llm: LlmParameters, run_id: str) -> None:
        """Proves that the workers are there and can do the work.

        Raises:
            ClusterError: With the first that can't, and why.
        """
        self._workers.start()
        self._workers.prove(spec, llm, run_id, self._folder)

    def _ask(
        self, asking: RowAsking, requests: RowTable, prompts: RowPrompts, earlier_replies: Mapping[str, BadStart]
    ) -> Generator[Batch, None, Findings]:
        first, others = asking.rows[:1], asking.rows[1:]
        began, any_good = yield from self._ask_alone(asking, first)
        if began.outage is not None or not others:
            return began
        shards = self._shards or default_shards(self._workers.slots, len(others))
        with Cut.of(self._folder.path, shards, requests, prompts, others) as cut:
            job = ShardJob(
                rows=asking.job,
                prompts=prompts.parts,
                earlier_replies=earlier_replies,
                folder=self._folder.place,
                cut=cut.folder.absolute(),
                shards=shards,
                earlier_files=self._folder.names(),
            )
            filled = cut.filled
            self._folder.publish(cut.folder)
            try:
                self._workers.share(job, _limits(asking.policy))
                found = RunFindings(began, any_good)
                yield from HandOut(self._workers, self._folder, job.rows.run_id, filled, found).run()
            finally:
                self._folder.withdraw(cut.folder)
                self._folder.fetch()
        found.log_workers()
        return found.findings(asking.findings(self._workers.outage()))

    def _ask_alone(self, asking: RowAsking, rows: Sequence[OpenRow]) -> Generator[Batch, None, tuple[Findings, bool]]:
        """Asks for rows by this process; returns the findings, and whether any row of the plan has a good reply."""
        any_good, calls = asking.any_good, asking.ask(rows)
        try:
            while True:
                batch = next(calls)
                any_good = any_good or any(asking.policy.judge(line) is None for line in batch)
                yield batch
        except StopIteration as end:
            return end.value, any_good
        finally:
            calls.close()


def _limits(policy: CallPolicy) -> Limits:
    """Limits and caps over all workers, with what the run has spent before the first shard."""
    generation, spent = policy.limits, policy.budget.totals
    return Limits(
        max_concurrency=generation.max_concurrency,
        requests_per_minute=generation.requests_per_minute,
        tokens_per_minute=generation.tokens_per_minute,
        max_tokens_total=generation.max_tokens_total,
        max_cost_usd=generation.max_cost_usd,
        max_wait_s=generation.max_wait_seconds,
        spent_tokens=spent.tokens,
        spent_usd=spent.usd,
        spent_calls=spent.calls,
    )
