"""Context window of the server: its size as refusals report it, and requests that are changed to fit.

There is no request for the size (`/v1/models` of llama.cpp and vLLM has it): the first refusal names it. From then on a
conversation that would not fit loses the bad replies in it, and a token limit is cut to the room that is left, which
vLLM demands. A request that was refused as too long is sent again only if it can be made shorter.
"""

import re
from typing import NamedTuple

from synthetic_textcat.llm.calls.policy import Attempt, Call
from synthetic_textcat.llm.prompts.messages import Messages
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.outcomes import TOO_LONG

_FEWEST_LEFT = 64
"""Tokens that a reply needs at least."""

_MARGIN = 1.1
"""Factor on the estimated tokens of a prompt."""

_NUMBER = r"(\d{1,3}(?:,\d{3})+|\d+)"
_CONTEXT = tuple(
    re.compile(pattern.replace("#", _NUMBER), re.IGNORECASE)
    for pattern in (
        r"context (?:length|size|window)(?: is| of|:)?(?: only)?[ (]*#",  # OpenAI, vLLM, llama.cpp
        r"maximum (?:model|context) length of #",
        r"n_ctx\W{1,4}#",  # LM Studio
        r"> #(?: tokens)? maximum",  # Anthropic, like the next
        r"context limit: \d+ \+ \d+ > #",
        r"maximum number of tokens allowed \(#",  # Google
        r"maximum context .{0,40}? #",
    )
)
_PROMPT = tuple(
    re.compile(pattern.replace("#", _NUMBER), re.IGNORECASE)
    for pattern in (
        r"messages resulted in #",
        r"\(#(?: tokens)? (?:in|from) the messages",
        r"request \(# tokens",
        r"(?:has|have|passed|contains)(?: at least)? # input tokens",
        r"prompt \(length #",
        r"too long: # tokens",
        r"context limit: # \+",
        r"input token count \(#",
        r"n_(?:prompt_tokens|keep)\W{1,4}#",
    )
)


class Overflow(NamedTuple):
    """Sizes in a server's refusal of a request that is too long, in tokens; None where it does not say.

    Attributes:
        context: Size of the context window.
        prompt: Tokens of the messages.
    """

    context: int | None
    prompt: int | None


def read_overflow(words: str) -> Overflow:
    """The sizes in a server's message."""
    return Overflow(_first_number(_CONTEXT, words), _first_number(_PROMPT, words))


def _first_number(patterns: tuple[re.Pattern[str], ...], words: str) -> int | None:
    found = next(filter(None, (pattern.search(words) for pattern in patterns)), None)
    return None if found is None else int(found[1].replace(",", "")[:18])


class ContextWindow:
    """Size of the context window as this run has learned it, and the requests that fit into it."""

    def __init__(self) -> None:
        self._size: int | None = None
        self._tokens = self._bytes = 0

    def note(self, attempt: Attempt, completion: Completion) -> None:
        """Learns the size from a refusal, and the tokens of a prompt from a counted call."""
        if completion.status == TOO_LONG:
            self._size = read_overflow(completion.error or "").context or self._size
        elif completion.prompt_tokens:
            self._tokens += completion.prompt_tokens
            self._bytes += _bytes_of(attempt.messages)

    def is_exceeded_by(self, prompt_tokens: int | None) -> bool:
        """Whether a prompt of this many tokens certainly does not fit; None for an unknown number."""
        return prompt_tokens is not None and self._size is not None and prompt_tokens >= self._size

    def fitted(self, call: Call, attempt: Attempt) -> Attempt:
        """The attempt as it probably fits: without earlier replies, and with a lower limit, if need be."""
        if self._size is None or not self._bytes:
            return attempt
        if len(attempt.messages) > len(call.messages) and self._left(attempt.messages) < _FEWEST_LEFT:
            attempt = attempt._replace(messages=call.messages)
        left = self._left(attempt.messages)
        if attempt.max_tokens is not None and _FEWEST_LEFT <= left < attempt.max_tokens:
            return attempt._replace(max_tokens=left)
        return attempt

    def shortened(self, call: Call, attempt: Attempt, completion: Completion) -> Attempt | None:
        """The attempt in a shorter form after its refusal as too long; None if it can't be shorter."""
        if len(attempt.messages) > len(call.messages):
            return self.fitted(call, attempt._replace(messages=call.messages))
        size, prompt = read_overflow(completion.error or "")
        if size is None or prompt is None or attempt.max_tokens is None:
            return None
        left = size - prompt
        return attempt._replace(max_tokens=left) if _FEWEST_LEFT <= left < attempt.max_tokens else None

    def _left(self, messages: Messages) -> int:
        """Estimated tokens that the messages leave for the reply."""
        assert self._size is not None
        return self._size - int(_bytes_of(messages) * self._tokens / self._bytes * _MARGIN)


def _bytes_of(messages: Messages) -> int:
    return sum(len(str(message.content).encode("utf-8", "surrogatepass")) for message in messages)
