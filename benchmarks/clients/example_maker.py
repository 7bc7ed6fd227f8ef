"""Writes the tables that `export` reads, with as many examples as asked for, into a copy of the project.

Texts are of random words, 8 to 140 of them, by Zipf's law; one in fifty is an earlier one with a few words changed.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.clients.workload import load_tasks, plan
from synthetic_textcat.schemas.rows import EXAMPLES
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA
from tests.support.project import Project

_WORDS = 20_000
_ZIPF = 1.0
_LETTERS = "etaoinshrdlucmwfgypbvk"
_NEAR = 50


def make(folder: Path, rows: int) -> None:
    """A project whose plan is accepted as a whole."""
    project = Project(folder)
    tasks = load_tasks()
    requests = plan(tasks, rows)
    labels = requests["label"].fillna("some label")
    others = requests["misleading_label"].fillna("another label")
    examples = requests.assign(
        input_text=pd.Series(list(_texts(rows)), dtype="str"), label=labels, misleading_label=others, model_name="model"
    )[list(EXAMPLES)]
    ledger = {
        "planned": rows,
        "accepted": rows,
        "rejected": {},
        "failed": {},
        "not_run": 0,
        "surplus": 0,
        "in_batch": 0,
    }
    for name in ("02_intermediate", "03_primary", "05_model_input", "08_reporting"):
        project.path(f"data/{name}").mkdir()
    tasks.to_parquet(project.path("data/02_intermediate/tasks.parquet"), index=False, schema=TASKS_ARROW_SCHEMA)
    requests.to_parquet(project.path("data/03_primary/requests.parquet"), index=False)
    pd.DataFrame({"task": pd.array([], dtype="str")}).to_parquet(project.path("data/03_primary/quota_slots.parquet"))
    examples.to_parquet(project.path("data/05_model_input/examples.parquet"), index=False)
    for name, content in (("ledger", ledger), ("metrics", {"yield/all": 1.0})):
        project.path(f"data/08_reporting/{name}.json").write_text(json.dumps(content), encoding="utf-8")


def _texts(rows: int) -> Iterator[str]:
    draws = np.random.default_rng(42)
    words = ["".join(draws.choice(list(_LETTERS), draws.integers(2, 11))) for _ in range(_WORDS)]
    odds = 1 / np.arange(1, _WORDS + 1) ** _ZIPF
    ends = np.cumsum(odds / odds.sum())
    before: list[str] = []
    for row in range(rows):
        if row % _NEAR == _NEAR - 1:
            before = list(before)
            for place in draws.integers(0, len(before), 1 + len(before) // 20):
                before[int(place)] = words[int(draws.integers(_WORDS))]
        else:
            places = np.searchsorted(ends, draws.random(int(draws.integers(8, 140))))
            before = [words[min(place, _WORDS - 1)] for place in places.tolist()]
        yield " ".join(before)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps({}))
