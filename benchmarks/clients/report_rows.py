"""Makes what `quality_report` reads: tasks, plan, calls, journal, paid calls, candidates and failed rows of a project.

Of each hundred rows one failed.
"""

import hashlib
import sys
from pathlib import Path

import pandas as pd

from benchmarks.clients.made_texts import LANGUAGES, NUM_WORDS, made_texts
from benchmarks.clients.replied_line import replied_line
from benchmarks.clients.workload import load_tasks
from synthetic_textcat.datasets import RowTableDataset
from synthetic_textcat.llm.journal.journal import Journal, completion_line
from synthetic_textcat.llm.journal.paid_calls import read_paid_calls
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import CALLS, EXAMPLES, FAILED, plain, to_frame
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA

_AT_ONCE = 10_000
_MARK, _ROW = "@" * 64, "#" * 20
_LINE = replied_line(fingerprint=_MARK, request_id=_ROW, raw_text='{"input_text": "' + "x" * 600 + '"}')


def make(data: Path, rows: int) -> None:
    """Writes all of it into the folder `data` of a project."""
    tasks = load_tasks()
    sampling = AttributeSamplingParameters.model_validate(
        {"num_examples": rows, "language": LANGUAGES, "num_words": NUM_WORDS}
    )
    requests = plan_requests(tasks, sampling, seed=42).to_pandas()
    calls = ((row, hashlib.sha256(row.encode()).hexdigest()) for row in requests["request_id"])
    failed = requests.iloc[99::100].assign(failure_cause="invalid_json", detail="made up", attempts=1)
    candidates = requests.drop(index=failed.index).assign(model_name="gpt-4o-mini")
    labels = {"label": candidates["label"].fillna("an open one"), "misleading_label": candidates["misleading_label"]}
    candidates = candidates.assign(input_text=list(made_texts(plain(candidates["language"]))), **labels)
    candidates["misleading_label"] = candidates["misleading_label"].fillna("another one")
    tables = {
        "03_primary/requests": requests,
        "03_primary/calls": to_frame(calls, CALLS),
        "04_feature/candidates": candidates[list(EXAMPLES)].astype(EXAMPLES),
        "05_model_input/failed": failed[list(FAILED)].astype(FAILED),
    }
    for name, table in tables.items():
        RowTableDataset(filepath=str(data / f"{name}.parquet")).save(table)  # in row groups, as a run writes them
    (data / "02_intermediate").mkdir()
    tasks.to_parquet(data / "02_intermediate" / "tasks.parquet", index=False, schema=TASKS_ARROW_SCHEMA)
    pd.DataFrame().to_parquet(data / "03_primary" / "quota_slots.parquet")
    (data / "03_primary" / "rounds.json").write_text("{}", encoding="utf-8")
    journal = data / "03_primary" / "completions.jsonl"
    _write_journal(journal, tables["03_primary/calls"])
    RowTableDataset(filepath=str(data / "03_primary" / "paid_calls.parquet")).save(read_paid_calls(Journal(journal)))


def _write_journal(path: Path, calls: pd.DataFrame) -> None:
    template = completion_line(_LINE)
    before, between, after = template.replace(_ROW.encode(), _MARK.encode()).split(_MARK.encode())
    with path.open("wb") as file:
        for start in range(0, len(calls), _AT_ONCE):
            part = calls.iloc[start : start + _AT_ONCE]
            pairs = zip(part["fingerprint"], part["request_id"], strict=True)
            file.write(b"".join(before + name.encode() + between + row.encode() + after for name, row in pairs))


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
    print("{}")
