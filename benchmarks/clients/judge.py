"""The judge as the project asks it: ChatOpenAI, structured output, journal on disk. Prints one line of JSON."""

import json
import logging
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import pandas as pd

from benchmarks.clients.usage import usage
from benchmarks.clients.workload import LLM, load_prompt, load_tasks, plan
from benchmarks.fault_server.texts import input_text
from synthetic_textcat.datasets import JournalDataset, RowTableDataset
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.prompts.verdict_prompts import VerdictPrompts
from synthetic_textcat.pipelines.label_check.judge.nodes import (
    ask_judge,
    find_open_verdicts,
    list_verdict_calls,
    prepare_verdict_prompts,
)
from synthetic_textcat.schemas.parameters import GenerationParameters, LabelCheckParameters
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.tables import as_table
from tests.support.model_classes import OPENAI_CLASS

_SPEC = ChatModelSpec(OPENAI_CLASS, {"timeout": 120})
_LABEL_CHECK = LabelCheckParameters(share=1.0)
_NO_PRICES = {"as_of": "2026-01-01", "usd_per_million_tokens": {}}
_SEED = 42


def _table(folder: str, name: str) -> RowTableDataset:
    return RowTableDataset(filepath=f"{folder}/{name}.parquet")


def _prompts(tasks: pd.DataFrame) -> VerdictPrompts:
    closed, of_two, several = map(load_prompt, ("label_check", "label_check_of_two", "label_check_several"))
    return prepare_verdict_prompts(tasks, closed, of_two, several, _LABEL_CHECK, _SEED)


def _write_rows(folder: str, rows: int) -> None:
    """The tables that the judge finds on disk, with texts of the server's own; in a process of its own, as for rows."""
    tasks = load_tasks()
    by_id = {task.task_id: task for task in tasks_of(tasks)}
    columns = ["request_id", "task_id", "input_text", "label", "labels", "misleading_label"]
    found = []
    for row in records_of(plan(tasks, rows)):
        names = by_id[row["task_id"]].label_names or ("label-a", "label-b")
        pair = (row["label"] or names[0], row["misleading_label"] or names[1])
        digest = row["request_id"].encode()
        text = input_text(pair[0], names, digest)
        found.append((row["request_id"], row["task_id"], text, pair[0], pair[:1], pair[1]))
    planned = as_table(pd.DataFrame(found, columns=columns))
    _table(folder, "planned").save(planned)
    _table(folder, "calls").save(list_verdict_calls(planned, _prompts(tasks), _SPEC, _SPEC, LLM, _LABEL_CHECK))


def main(rows: int, concurrency: int) -> None:
    """Makes the calls and appends each batch to a journal, as Kedro does for the generator node."""
    _SPEC.build(LLM)  # imports what it needs: start-up is measured apart
    logging.getLogger("synthetic_textcat").setLevel(logging.ERROR)  # a terminal's cost is not the client's
    with tempfile.TemporaryDirectory() as folder:
        planning = get_context("spawn").Process(target=_write_rows, args=(folder, rows))
        planning.start()
        planning.join()
        if planning.exitcode:
            sys.exit(f"The plan's process ended with {planning.exitcode}; below 0: killed by that signal")
        planned, calls = (_table(folder, name).load() for name in ("planned", "calls"))
        tasks = load_tasks()
        prompts, retry = _prompts(tasks), load_prompt("retry")
        journal = JournalDataset(filepath=str(Path(folder) / "verdicts.jsonl"))
        journal.lock()  # opens it for all saves, as a run does
        limits = GenerationParameters(max_concurrency=concurrency)
        none_yet = JournalDataset(filepath=str(Path(folder) / "completions.jsonl")).load()
        before, begun, good = usage(), perf_counter(), 0
        still_open = find_open_verdicts(planned, tasks, calls, journal.load(), limits, "bench")
        batches = ask_judge(
            planned,
            tasks,
            prompts,
            still_open,
            retry,
            _SPEC,
            _SPEC,
            LLM,
            _LABEL_CHECK,
            limits,
            _NO_PRICES,
            none_yet,
            none_yet,
            "bench",
            {},
        )
        for batch in batches:
            journal.save(batch)
            good += sum(completion.replied for completion in batch)
        seconds, after = perf_counter() - begun, usage()
        journal.release()
    print(json.dumps({"good": good, "seconds": seconds, **after, "cpu_s": after["cpu_s"] - before["cpu_s"]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
