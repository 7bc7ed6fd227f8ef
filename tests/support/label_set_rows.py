"""Accepted rows of a project with single-label and multi-label tasks; the text says by its words which labels fit."""

import random
from collections.abc import Sequence

import pandas as pd

from synthetic_textcat.schemas.rows import EXAMPLES, to_frame
from synthetic_textcat.schemas.tasks import Task
from tests.support.several_labels import several_labels_tasks

ROUTING, TOPICS, MOOD = several_labels_tasks()
TASKS = (ROUTING, TOPICS, MOOD)

_WORDS_OF_A_LABEL = 12
_COMMON = [f"filler{number}" for number in range(60)]


def example_rows(rows: int, seed: int = 0, tasks: Sequence[Task] = TASKS) -> pd.DataFrame:
    """Rows of `examples`, the tasks by turns; no two texts are equal."""
    drawn = random.Random(seed)
    return to_frame([_row(number, tasks[number % len(tasks)], seed, drawn) for number in range(rows)], EXAMPLES)


def _row(number: int, task: Task, seed: int, drawn: random.Random) -> dict[str, object]:
    names = task.label_names
    size = drawn.choices([*task.set_sizes], [*task.set_sizes.values()])[0]
    labels = _allowed(task, size, drawn)
    words = [f"{label.lower()}{drawn.randrange(_WORDS_OF_A_LABEL)}" for label in labels for _ in range(3)]
    words += drawn.choices(_COMMON, k=5)
    drawn.shuffle(words)
    return {
        "request_id": f"r{seed}-{number:06d}",
        "task_id": task.task_id,
        "task": task.task,
        "input_text": " ".join([*words, f"n{seed}x{number}"]),
        "label": labels[0] if task.task_type == "single_label" else None,
        "labels": labels,
        "misleading_label": drawn.choice([name for name in names if name not in labels]),
        "language": "English",
        "difficulty": "PhD",
        "clarity": "clear",
        "num_words": "less than 10",
        "model_name": "model-1",
    }


def _allowed(task: Task, size: int, drawn: random.Random) -> tuple[str, ...]:
    """Labels of a text, without a pair that the task excludes."""
    excluded = [set(pair) for pair, weight in task.pair_weights.items() if not weight]
    while True:
        labels = {*drawn.sample(task.label_names, size)}
        if not any(pair <= labels for pair in excluded):
            return tuple(name for name in task.label_names if name in labels)
