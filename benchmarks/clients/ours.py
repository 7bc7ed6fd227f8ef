"""Generation as the project does it: ChatOpenAI, structured output, journal on disk. Prints one line of JSON."""

import importlib
import json
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.clients.workload import LLM, load_prompts, load_tasks, plan, usage
from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.llm.spec import OPENAI_CLASS, ChatModelSpec
from synthetic_textcat.pipelines.generation.nodes import generate, list_calls
from synthetic_textcat.schemas.parameters import GenerationParameters


def main(rows: int, concurrency: int) -> None:
    """Makes the calls and appends each batch to a journal, as Kedro does for the generator node."""
    tasks, prompts, spec = load_tasks(), load_prompts(), ChatModelSpec(OPENAI_CLASS, {"timeout": 120})
    importlib.import_module("langchain_openai")  # start-up is measured apart
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
        seconds, after = perf_counter() - begun, usage()
    print(json.dumps({"good": good, "seconds": seconds, **after, "cpu_s": after["cpu_s"] - before["cpu_s"]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
