"""Runs of the batch route in this process, against the loopback server, with a journal and a record on disk."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage

from synthetic_textcat.datasets import BatchRecordDataset, JournalDataset
from synthetic_textcat.llm.batches.openai_service import OpenAIBatches
from synthetic_textcat.llm.batches.record import BatchRecord
from synthetic_textcat.llm.batches.route import BatchRoute, Left
from synthetic_textcat.llm.batches.service import BatchService
from synthetic_textcat.llm.batches.usage import BatchUsage
from synthetic_textcat.llm.calls.open_rows import OpenRow
from synthetic_textcat.llm.calls.policy import Call, CallPolicy, RetryPolicy, judging
from synthetic_textcat.llm.calls.token_limits import TokenLimit
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.schemas.completions import Completion, Reply, row_schema
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.stops import InBatches
from tests.llm.builders import fingerprint
from tests.llm.running import policy
from tests.support.model_classes import OPENAI_CLASS

MODEL = "gpt-4o-mini"
LLM = LlmParameters(model=MODEL)
PRICE = {"input": 1e3, "output": 1e3, "batch_input": 500, "batch_output": 500}
PRICES = PriceList.read({"as_of": "2026-01-01", "usd_per_million_tokens": {MODEL: PRICE, "scripted-1": PRICE}})
AT_ONCE = RetryPolicy(max_retries=4, jitter=lambda: 0.0)


def nap(seconds: float) -> None:
    """A wait that is cut to what the loopback server needs."""
    time.sleep(min(seconds, 0.02))


def service(url: str, monkeypatch: Any) -> OpenAIBatches:
    """The adapter for a server."""
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody-0000000000000000")

    async def build() -> OpenAIBatches:
        return OpenAIBatches(ChatModelSpec(OPENAI_CLASS, {"timeout": 20}), LLM)

    return asyncio.run(build())


def call(row: OpenRow) -> Call:
    """The call of a row, with what it has been answered so far."""
    name = f"r{row.position}"
    prompt = f'Write row {name}.\n- Label: "A"\n- Misleading label: "B"'
    messages = [HumanMessage(prompt)]
    schema = row_schema(["A", "B"])
    return Call(name, row.fingerprint, messages, schema, seed=row.position, past=row.past, limit=TokenLimit(256))


class Workspace:
    """A project's journal and record, on which the same command may run several times.

    Attributes:
        journal: The journal's dataset.
        record_path: The record's file.
    """

    def __init__(self, folder: Path, own: BatchService, rows: int) -> None:
        """Rows `r0`, `r1`, …, none of them asked for."""
        self.journal = JournalDataset(filepath=str(folder / "completions.jsonl"))
        self.record_path = folder / "batches.jsonl"
        self._records = BatchRecordDataset(filepath=str(self.record_path))
        self._service = own
        self._rows = [fingerprint(f"r{number}") for number in range(rows)]
        self._runs = 0

    @property
    def record(self) -> BatchRecord:
        """The record as a new run reads it."""
        return self._records.load()

    def lines(self) -> list[Completion]:
        """All lines of the journal."""
        return list(self.journal.load())

    def open_rows(self) -> Sequence[OpenRow]:
        """As `find_open_rows` has them."""
        from synthetic_textcat.llm.calls.open_rows import open_rows

        return open_rows(self._rows, self.journal.load(), judging(Reply), max_attempts=3).rows

    def policy(self, **limits: Any) -> CallPolicy:
        """The policy of the next run."""
        from dataclasses import replace

        from synthetic_textcat.llm.calls.budget import Budget

        made = policy(retries=AT_ONCE, **{"mode": "batch", "batch_poll_seconds": 1, **limits})
        budget = Budget(made.limits, PRICES, MODEL)
        return replace(made, budget=budget, run_id=f"run-{self._runs}")

    def run(self, record: BatchRecord | None = None, saved: Callable[[], None] = lambda: None, **limits: Any) -> Left:
        """One run: each chunk is saved before the next is asked for, as Kedro does.

        Args:
            record: The record, if not the one on disk.
            saved: Called after each chunk.
            limits: Of `generation`.
        """
        self._runs += 1
        record = record or self.record
        journal = self.journal.load()
        in_journal = {
            batch.intent: frozenset(
                own[0].fingerprint
                for own in journal.completions(record.rows(batch))
                if any(line.batch == batch.intent for line in own)
            )
            for batch in record.pending
        }
        route = BatchRoute(
            self._service,
            record,
            self.policy(**limits),
            BatchUsage(PRICES, MODEL),
            _calls,
            in_journal,
            MODEL,
            sleep=nap,
        ).run(self.open_rows())
        while True:
            try:
                chunk = next(route)
            except StopIteration as stop:
                left: Left = stop.value
                return left
            self.journal.save(chunk)
            saved()

    def in_batches(self) -> InBatches | None:
        """As the node reports it."""
        from synthetic_textcat.llm.batches.asking import in_batches_of

        return in_batches_of(self.record, self._service.endpoint)


def _calls(rows: Sequence[OpenRow]) -> Iterator[Call]:
    return map(call, rows)
