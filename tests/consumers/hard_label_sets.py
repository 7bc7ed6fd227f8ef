"""Hard rows with several labels a text: sets of labels that readers of CSV, JSON and YAML take for something else."""

import random
from collections.abc import Iterator

import pandas as pd

from synthetic_textcat.schemas.rows import EXAMPLES, to_frame
from synthetic_textcat.schemas.tasks import Task
from tests.consumers.hard_rows import NAMES, TEXTS, example_row

MANY = Task.model_validate({"task": 'Mark a note, by its "spellings".', "labels": NAMES, "labels_per_text": [0, 3]})
SOME = Task.model_validate(
    {
        "task": "Name the seasons of a note.",
        "labels": ["spring", "summer", "autumn", "winter"],
        "labels_per_text": {0: 1, 1: 2, 2: 2},
    }
)
ONE = Task.model_validate({"task": "Say whether a note is good.", "labels": ["no", "yes"]})
TASKS = (MANY, SOME, ONE)
SEVERAL = (MANY, SOME)

_ROWS = (460, 120, 40)


def examples() -> pd.DataFrame:
    """The rows: each hard text once; a text has a word for each of its labels, so that models can learn some."""
    return to_frame([*_rows()], EXAMPLES)


def _rows() -> Iterator[dict[str, object]]:
    drawn, hard = random.Random(17), iter(TEXTS)
    for task, rows in zip(TASKS, _ROWS, strict=True):
        names = task.label_names
        for number in range(rows):
            size = drawn.choices([*task.set_sizes], [*task.set_sizes.values()])[0]
            first = names[number % len(names)]  # each label by turns
            others = drawn.sample([name for name in names if name != first], max(size - 1, 0))
            labels = tuple(name for name in names if name in {first, *others}) if size else ()
            text = next(hard, None) if task is MANY else None
            misleading = drawn.choice([name for name in names if name not in labels])
            yield example_row(task, number, text or _text(task, labels, drawn), labels, misleading)


def _text(task: Task, labels: tuple[str, ...], drawn: random.Random) -> str:
    words = ["word" + "abcdefghijklmnopqrstuvwxyz"[task.label_names.index(name) % 26] * 4 for name in labels]
    words += ["".join(drawn.choices("abcdefghijklmnop", k=7)) for _ in range(5)]
    drawn.shuffle(words)
    return " ".join(words)
