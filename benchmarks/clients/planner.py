"""Plans rows of the project's own tasks or of many made-up ones, as the project does or as one would by hand.

Prints one line of JSON.

By hand, numpy picks each attribute of each row, and uuid names it: neither balanced, nor the same for more rows.
"""

import json
import sys
import uuid
from time import perf_counter

import numpy as np
import pandas as pd

import synthetic_textcat.settings  # noqa: F401  which sets the garbage collector's pace, as in a run
from benchmarks.clients.usage import usage
from benchmarks.clients.workload import load_tasks, many_tasks, row_prompts
from synthetic_textcat.llm.prompts.messages import wire_form
from synthetic_textcat.pipelines.attribute_sampling.nodes import hash_plan, plan_requests, report_plan
from synthetic_textcat.schemas.attributes import weights_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES

_RENDERED = 20_000


def ours(rows: int, tasks: pd.DataFrame) -> dict[str, float]:
    """The nodes of `attribute_sampling`, in a row, with the weights of `paper`."""
    sampling = AttributeSamplingParameters.model_validate({"num_examples": rows, **dict.fromkeys(ATTRIBUTES, "paper")})
    begun = perf_counter()
    requests = plan_requests(tasks, sampling, seed=42)
    hash_plan(requests)
    report_plan(requests, tasks, sampling)
    seconds, used = perf_counter() - begun, usage()
    return {"seconds": seconds, **used, "rendered_a_second": _rendered_a_second(requests.head(_RENDERED), tasks)}


def by_hand(rows: int, tasks: pd.DataFrame) -> dict[str, float]:
    """A frame of the same columns."""
    begun = perf_counter()
    draws = np.random.default_rng(42)
    names = [[label["name"] for label in labels] or [None] for labels in tasks["labels"]]
    turn = np.arange(rows) % len(tasks)
    columns: dict[str, object] = {
        "request_id": [uuid.uuid4().hex for _ in range(rows)],
        "task": tasks["task"].to_numpy()[turn],
        "label": [names[task][number % len(names[task])] for number, task in enumerate(turn)],
        "misleading_label": [names[task][(number + 1) % len(names[task])] for number, task in enumerate(turn)],
    }
    for name in ATTRIBUTES:
        weights = weights_of(name, "paper")
        columns[name] = draws.choice(list(weights), rows, p=[float(weight) for weight in weights.values()])
    pd.DataFrame(columns)
    return {"seconds": perf_counter() - begun, **usage()}


def _rendered_a_second(requests: pd.DataFrame, tasks: pd.DataFrame) -> float:
    prompts, begun = row_prompts(requests, tasks), perf_counter()
    for asked in prompts.rendered(requests):
        wire_form(asked.messages)
    return len(requests) / (perf_counter() - begun)


if __name__ == "__main__":
    client, count, rows_a_task = {"ours": ours, "by_hand": by_hand}[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps(client(count, many_tasks(count // rows_a_task) if rows_a_task else load_tasks())))
