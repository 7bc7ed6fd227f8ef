"""Corpora with a property that a signal has to find."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from synthetic_textcat.hashing import pick
from synthetic_textcat.pipelines.quality_report.row_ends import NO_ENDS
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.schemas.rows import FINDINGS, REJECTED, REQUESTS, to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.pipelines.quality_report.builders import example_frame

LABELS = ("billing", "delivery", "praise")
TASK = Task.model_validate({"task": "Sort a message.", "labels": list(LABELS)})
_STARTS, _ENDS = ("ba", "de", "fi", "go", "lu"), ("lor", "mit", "net", "pas", "ral", "sun")
_WORDS = [start + end for start in _STARTS for end in _ENDS]


def words(number: int, count: int = 12) -> list[str]:
    """Words that say nothing: the same for the same number."""
    return [pick(_WORDS, "words", number, place) for place in range(count)]


def labelled(
    text: Callable[[int, str], str], rows: int = 120, task: Task = TASK, labels: Sequence[str] = LABELS
) -> list[dict[str, str]]:
    """Rows of a task with its labels in turn; `text` is given the row's number and label."""
    drawn = [(number, labels[number % len(labels)], labels[(number + 1) % len(labels)]) for number in range(rows)]
    return [
        {
            "request_id": f"{task.task_id}-{number}",
            "task_id": task.task_id,
            "task": task.task,
            "input_text": text(number, label),
            "label": label,
            "misleading_label": other,
        }
        for number, label, other in drawn
    ]


def corpus(rows: Sequence[dict[str, str]], tasks: Sequence[Task] = (TASK,)) -> Corpus:
    """A corpus of these rows."""
    return corpus_of_examples(example_frame(rows), {task.task_id: task for task in tasks})


def corpus_of_examples(examples: pd.DataFrame, tasks: Mapping[str, Task]) -> Corpus:
    """A corpus of examples alone, without their plan."""
    plan, findings, rejected = (as_table(to_frame([], columns)) for columns in (REQUESTS, FINDINGS, REJECTED))
    return Corpus(as_table(examples), plan, findings, rejected, NO_ENDS, tasks)


def says_nothing(number: int, label: str) -> str:
    """A text from which no label follows."""
    del label
    return " ".join(words(number, pick(range(5, 20), "length", number)))


def names_billing(number: int, label: str) -> str:
    """A text that has one word if its label is billing, and never otherwise."""
    return " ".join([*words(number), *(["Refund!"] if label == "billing" else [])])


def has_length(number: int, label: str) -> str:
    """A text whose length alone tells the label."""
    return " ".join(words(number, 4 + 12 * LABELS.index(label)))


_TOPICS = {label: [f"{label[:3]}{ending}" for ending in "aeiouy"] for label in LABELS}


def has_topic(number: int, label: str) -> str:
    """A text with several words of its label, none of them in all."""
    topic = [pick(_TOPICS[label], "topic", number, place) for place in range(4)]
    return " ".join([*words(number), *topic])
