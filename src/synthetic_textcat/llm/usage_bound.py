"""Upper bound of a call's tokens, for calls whose usage nobody tells: what a cap is charged in their place."""

from typing import Any, NamedTuple

from synthetic_textcat.hashing import canonical_json
from synthetic_textcat.llm.prompts import Messages
from synthetic_textcat.schemas.completions import Completion

_TEMPLATE_TOKENS = 256
"""For what a server puts round the messages: role tokens, a system prompt of its own, the date."""

_ENOUGH_REPLIES = 59
"""The largest of 59 draws lies above the 95 % quantile in 95 of 100 cases (Wilks: 0.95 ** 59 < 0.05)."""

_WRITTEN_UNSEEN = 4_096
"""Tokens that a reply is taken for as long as fewer replies were counted."""


class TokenBound(NamedTuple):
    """Tokens that a call took at most."""

    prompt: int
    completion: int


class UsageBound:
    """The formula, for one run.

    - Read: the bytes of the messages in UTF-8 and of the response schema, since no token is less than a byte, and 256.
    - Written: `llm.max_tokens`; where that is not set, the most that a reply of this run took so far, and 4,096 at
      least until 59 replies are counted.

    Args:
        max_tokens: `llm.max_tokens`.
    """

    def __init__(self, max_tokens: int | None) -> None:
        self._max_tokens = max_tokens
        self._counted = self._most_written = 0

    def note(self, completion: Completion) -> None:
        """Learns from a reply."""
        if completion.replied and completion.completion_tokens:
            self._counted += 1
            self._most_written = max(self._most_written, completion.completion_tokens)

    def of(self, messages: Messages, schema: dict[str, Any]) -> TokenBound:
        """What a call with these messages may have taken."""
        texts = [str(message.content) for message in messages]
        read = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) + len(canonical_json(schema))
        return TokenBound(read + _TEMPLATE_TOKENS, self._written())

    def _written(self) -> int:
        if self._max_tokens is not None:
            return self._max_tokens
        return self._most_written if self._counted >= _ENOUGH_REPLIES else max(self._most_written, _WRITTEN_UNSEEN)
