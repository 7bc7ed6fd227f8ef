"""The rows of `candidates` and `failed`: the plan's columns with what became of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Problem, Reply
from synthetic_textcat.text.unicode_unicode import speakable


def candidate_of(
    row: Mapping[str, Any], reply: Reply, completion: Completion, columns: Iterable[str]
) -> dict[str, Any]:
    """A candidate: attributes as planned, texts and labels as the model wrote them."""
    values = {**row, **reply.model_dump(), "model_name": speakable(completion.model_name)}
    return {column: values[column] for column in columns}


def failure_of(row: Mapping[str, Any], problem: Problem, attempts: int, columns: Iterable[str]) -> dict[str, Any]:
    """A failed row with its cause and how many calls were made for it."""
    values = {**row, "failure_cause": problem.cause, "detail": problem.detail, "attempts": attempts}
    return {column: values[column] for column in columns}
