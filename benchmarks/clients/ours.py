"""Generation as the project does it: ChatOpenAI, structured output, journal on disk. Prints one line of JSON."""

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.clients.usage import Growth, usage
from benchmarks.clients.workload import LLM, load_prompts, load_tasks, plan
from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.llm.spec import OPENAI_CLASS, ChatModelSpec
from synthetic_textcat.pipelines.generation.nodes import generate, list_calls
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


@dataclass(frozen=True)
class _MarkedSpec(ChatModelSpec):
    """A recipe that tells when its model is built, which is just before the first request."""

    building: Callable[[], None] = lambda: None

    def build(self, llm: LlmParameters) -> "BaseChatModel":
        self.building()
        return ChatModelSpec.build(self, llm)


def main(rows: int, concurrency: int, memory: bool) -> None:
    """Makes the calls and appends each batch to a journal, as Kedro does for the generator node."""
    growth = Growth()
    tasks, prompts = load_tasks(), load_prompts()
    spec = _MarkedSpec(OPENAI_CLASS, {"timeout": 120}, building=growth.begin if memory else lambda: None)
    ChatModelSpec(OPENAI_CLASS, spec.kwargs).build(LLM)  # imports what it needs: start-up is measured apart
    requests = plan(tasks, rows)
    calls = list_calls(requests, tasks, prompts.closed, prompts.open_, spec, LLM)
    with tempfile.TemporaryDirectory() as folder:
        journal = JournalDataset(filepath=str(Path(folder) / "completions.jsonl"))
        limits = GenerationParameters(max_concurrency=concurrency)
        before, begun, good = usage(), perf_counter(), 0
        batches = generate(
            requests, calls, tasks, *prompts[:2], prompts.retry, journal.load(), spec, LLM, limits, "bench"
        )
        for batch in batches:
            journal.save(batch)
            good += sum(completion.replied for completion in batch)
            growth.look()
        seconds, after = perf_counter() - begun, usage()
    cpu_s = after["cpu_s"] - before["cpu_s"]
    print(json.dumps({"good": good, "seconds": seconds, **after, "cpu_s": cpu_s, "growth_mib": growth.mib}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), memory="memory" in sys.argv[3:])
