"""Whether the first rows all fail in one way: then the rest of the plan would too, and is not worth its money."""

from synthetic_textcat.errors import FatalAnswerError
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Problem

ENOUGH_ROWS = 20

_THINGS = {"example": "rows", "tasks": "lists of tasks", "label_set": "label sets"}
"""What a call asks for, by the name of its schema."""
_NEXT_STEP = {
    "invalid_json": "set llm.structured_output to what this server knows (json_schema, json_object, none)",
    "schema_violation": "set llm.structured_output to what this server knows (json_schema, json_object, none)",
    "truncated": "raise llm.max_tokens, or ask for shorter texts with attribute_sampling.num_words",
    "refused": "see what it says to the prompts in data/01_raw/prompts, or take another llm.model",
    "content_filtered": "see what it says to the prompts in data/01_raw/prompts, or take another llm.model",
    "rate_limited": "lower generation.max_concurrency, or wait until the limit allows more",
    "timeout": "raise timeout in conf/openai/catalog_genai.yml, or lower generation.max_concurrency",
    "server_error": "mend what the server names, or run again when it has recovered",
    "connection_error": "see whether the server still runs",
}


class FirstReplies:
    """Watches a run until its first good reply of one kind.

    Args:
        watch: False where earlier replies of this kind were good: then a failure is a row's own.
        kind: The name of the schema that is asked for.
    """

    def __init__(self, watch: bool, kind: str = "example") -> None:
        self._things = _THINGS.get(kind, "replies")
        self._rows: set[str] | None = set() if watch else None
        self._cause: str | None = None

    def note(self, completion: Completion, problem: Problem | None) -> None:
        """Takes in the next completion.

        Raises:
            FatalAnswerError: If it makes enough rows, all without a good reply, and all for one cause.
        """
        if self._rows is None:
            return
        if problem is None or self._cause not in (None, problem.cause):
            self._rows = None
            return
        self._cause = problem.cause
        self._rows.add(completion.request_id)
        if len(self._rows) >= ENOUGH_ROWS:
            raise FatalAnswerError(
                f"The first {ENOUGH_ROWS} {self._things} all failed as {problem.cause} ({problem.detail[:120]}). "
                f"Next: {_NEXT_STEP[problem.cause]}"
            )
