"""Which of the model's sentences are tasks that we do not have yet."""

from collections.abc import Iterable

from synthetic_textcat.schemas.tasks import Task


def new_tasks(sentences: Iterable[str], taken: Iterable[str]) -> list[str]:
    """The distinct, non-empty sentences whose task_id is not taken, in the model's order."""
    seen = set(taken)
    found = []
    for sentence in (" ".join(sentence.split()) for sentence in sentences):
        if not sentence or (task_id := Task(task=sentence).task_id) in seen:
            continue
        seen.add(task_id)
        found.append(sentence)
    return found
