"""Generation as the project does it: ChatOpenAI, structured output, journal on disk. Prints one line of JSON."""

import json
import logging
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.clients.row_tables import as_frame, as_table
from benchmarks.clients.usage import Growth, usage
from benchmarks.clients.workload import LLM, load_prompt, load_tasks, plan, row_prompts
from synthetic_textcat.datasets import BatchRecordDataset, JournalDataset, TableDataset
from synthetic_textcat.hooks.catalog_inputs import RowCheckByPrompts
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.pipelines.generation.nodes import find_open_rows, generate, list_calls
from synthetic_textcat.pipelines.quality_report.checks.language import check_language
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters, QualityReportParameters
from tests.support.model_classes import OPENAI_CLASS

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


@dataclass(frozen=True)
class _MarkedSpec(ChatModelSpec):
    """A recipe that tells when its model is built, which is just before the first request."""

    building: Callable[[], None] = lambda: None

    def build(self, llm: LlmParameters) -> "BaseChatModel":
        self.building()
        return ChatModelSpec.build(self, llm)


_TRANSPORT = {"timeout": 120}
_SOME_TEXT = "My parcel is late, and nobody answers the phone."
_BATCHES: dict[str, Any] = {
    "mode": "batch",
    "batch_poll_seconds": 1,
    "batch_requests": 5_000,
    "batch_enqueued_tokens": 10**9,
}
_NO_PRICES = {"as_of": "2026-01-01", "usd_per_million_tokens": {}}


def _table(folder: str, name: str) -> TableDataset:
    return TableDataset(filepath=f"{folder}/{name}.parquet")


def _write_plan(folder: str, rows: int) -> None:
    """The tables that generation finds on disk; in a process of its own, whose memory is not this one's."""
    tasks, spec = load_tasks(), ChatModelSpec(OPENAI_CLASS, _TRANSPORT)
    requests = plan(tasks, rows)
    _table(folder, "requests").save(requests)
    calls = list_calls(as_table(requests), row_prompts(requests, tasks), spec, LLM)
    _table(folder, "calls").save(as_frame(calls))


def main(rows: int, concurrency: int, *, memory: bool, batch: bool) -> None:
    """Makes the calls and appends each chunk to a journal, as Kedro does for the generator node; or sends batches."""
    growth = Growth()
    spec = _MarkedSpec(OPENAI_CLASS, _TRANSPORT, building=growth.begin if memory else lambda: None)
    ChatModelSpec(OPENAI_CLASS, _TRANSPORT).build(LLM)  # imports what it needs: start-up is measured apart
    check_language(_SOME_TEXT, "English")  # loads its model, which a run's checks need anyway
    logging.getLogger("synthetic_textcat").setLevel(logging.WARNING)  # a terminal's cost is not the client's
    with tempfile.TemporaryDirectory() as folder:
        planning = get_context("spawn").Process(target=_write_plan, args=(folder, rows))
        planning.start()
        planning.join()
        if planning.exitcode:
            sys.exit(f"The plan's process ended with {planning.exitcode}; below 0: killed by that signal")
        requests, calls = (as_table(_table(folder, name).load()) for name in ("requests", "calls"))
        tasks = load_tasks()
        prompts, retry = row_prompts(requests, tasks), load_prompt("retry")
        journal = JournalDataset(filepath=str(Path(folder) / "completions.jsonl"))
        journal.lock()  # opens it for all saves, as a run does
        limits = GenerationParameters(max_concurrency=concurrency, **(_BATCHES if batch else {}))
        before, begun, good = usage(), perf_counter(), 0
        no_batches = BatchRecordDataset(filepath=str(Path(folder) / "batches.jsonl")).load()
        still_open = find_open_rows(requests, calls, journal.load(), limits, "bench", no_batches)
        none_yet = JournalDataset(filepath=str(Path(folder) / "brainstorm.jsonl")).load()
        batches = generate(
            requests,
            tasks,
            prompts,
            still_open,
            {},
            retry,
            spec,
            LLM,
            limits,
            _NO_PRICES,
            none_yet,
            "bench",
            RowCheckByPrompts(QualityReportParameters(), tuple),
            {},
            no_batches,
        )
        for chunk in batches:
            journal.save(chunk)
            good += sum(completion.replied for completion in chunk)
            growth.look()
        seconds, after = perf_counter() - begun, usage()
        journal.release()
    cpu_s = after["cpu_s"] - before["cpu_s"]
    print(json.dumps({"good": good, "seconds": seconds, **after, "cpu_s": cpu_s, "growth_mib": growth.mib}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), memory="memory" in sys.argv[3:], batch="batch" in sys.argv[3:])
