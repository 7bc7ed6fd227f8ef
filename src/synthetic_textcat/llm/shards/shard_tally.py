"""Tally of a shard: counts the completions that its worker saves, by the rules of the progress line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from synthetic_textcat.llm.calls.row_judge import reply_of
from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.schemas.completions import Completion, Problem, RowCheck
from synthetic_textcat.schemas.prices import PriceList, is_made_up, plus
from synthetic_textcat.schemas.task_table import as_task_table
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.schemas.worker_counts import WorkerCounts

_ANY_TEXT = "This sentence is long enough for each of the checks, that of the language too. " * 3


class ShardTally:
    """Running counts of one shard.

    Args:
        rows: Planned rows by id.
        tasks: Tasks of the plan.
        row_check: The checks of single rows.
        max_attempts: Replies after which a row has failed.
        prices: Prices of tokens.
        model: Requested model, for the bound of a call without a reply.
    """

    def __init__(
        self,
        rows: Mapping[str, Mapping[str, Any]],
        tasks: Sequence[Task],
        row_check: RowCheck,
        max_attempts: int,
        prices: PriceList,
        model: str,
    ) -> None:
        self._rows = rows
        self._tasks = as_task_table(tasks).by_id
        self._row_check = row_check
        self._max_attempts = max_attempts
        self._prices = prices
        self._model = model
        self._unanswered: set[str] = set()
        self._counts = WorkerCounts()
        self.any_good = False

    def load(self) -> None:
        """Checks a made-up reply, which loads what the checks need: later a paid answer would have to wait for it."""
        for row in list(self._rows.values())[:1]:
            labels: dict[str, Any] = {"label": "any", "labels": ("any",), "misleading_label": "other"}
            reply = reply_of(row).model_validate({"input_text": _ANY_TEXT, **labels})
            self._row_check(self._tasks[row["task_id"]], row, reply)

    @property
    def counts(self) -> WorkerCounts:
        """The counts so far."""
        return replace(self._counts, unanswered=len(self._unanswered))

    def add(self, completions: Iterable[Completion]) -> None:
        """Counts saved completions."""
        for completion in completions:
            self._counts = self._counts.plus(self._usage(completion))
            self._counts = self._counts.plus(self._result(completion))

    def _usage(self, completion: Completion) -> WorkerCounts:
        is_late = completion.status == "timeout"
        unknown = is_late and not completion.is_counted
        usage = WorkerCounts(
            calls=1,
            replies=int(completion.replied),
            timeouts=int(is_late),
            timeout_tokens=(completion.tokens_at_most or 0) if unknown else 0,
            timeout_usd=self._prices.at_most_usd(completion, self._model) if unknown else 0.0,
        )
        if not completion.is_counted:
            return replace(usage, uncounted=1)
        usd, made_up = self._prices.cost_usd(completion), is_made_up(completion.model_name)
        return replace(usage, tokens=completion.tokens, usd=plus(0.0, usd), is_made_up=made_up)

    def _result(self, completion: Completion) -> WorkerCounts:
        if not completion.replied:
            self._unanswered.add(completion.request_id)
            return WorkerCounts()
        self._unanswered.discard(completion.request_id)
        row = self._rows[completion.request_id]
        reply = parse(completion, reply_of(row))
        if isinstance(reply, Problem):
            return WorkerCounts(failed=int(completion.attempt >= self._max_attempts))
        self.any_good = True
        problem = self._row_check(self._tasks[row["task_id"]], row, reply)
        return WorkerCounts(accepted=int(problem is None), rejected=int(problem is not None))
