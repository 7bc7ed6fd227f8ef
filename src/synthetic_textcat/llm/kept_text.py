"""A bound on what the journal keeps of one reply: of a longer text its head and its tail, its length and its hash."""

import hashlib
import re
from dataclasses import replace
from typing import Any

from synthetic_textcat.schemas.completions import Completion

MOST_OF_A_REPLY = 100_000
"""Characters of a reply that are kept. A hundred task sentences take some 20,000, a row of 5,000 words 35,000."""

_MOST = {"raw_text": MOST_OF_A_REPLY, "refusal": 8_000, "error": 8_000, "finish_reason": 500, "model_name": 500}
"""Characters that are kept of each text that comes from the server."""

_TAIL = 0.4
"""The share that the end of a text gets: an answer after long reasoning stands there."""

_NOTE = "\n[… left out here: {left} of {all} characters; sha256 of all: {digest} …]\n"
_NOTE_PATTERN = re.compile(r"\n\[… left out here: \d+ of (\d+) characters; sha256 of all: [0-9a-f]{64} …\]\n")


def bounded(completion: Completion) -> Completion:
    """The completion as it is journalled: each text that comes from the server within its bound."""
    changes: dict[str, Any] = {
        name: _shortened(text, _MOST[name])
        for name in _MOST
        if (text := getattr(completion, name)) and len(text) > _MOST[name]
    }
    return replace(completion, **changes) if changes else completion


def length_before(text: str) -> int | None:
    """How many characters a reply had that was shortened; None for one that is whole.

    The note stands where `bounded` puts it, so that a reply that quotes one is not taken for a shortened reply.
    """
    head = _head(MOST_OF_A_REPLY)
    if len(text) <= MOST_OF_A_REPLY or (note := _NOTE_PATTERN.match(text, head)) is None:
        return None
    return int(note[1]) if len(text) - note.end() == MOST_OF_A_REPLY - head else None


def _shortened(text: str, most: int) -> str:
    head = _head(most)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    note = _NOTE.format(left=len(text) - most, all=len(text), digest=digest)
    return text[:head] + note + text[len(text) - (most - head) :]


def _head(most: int) -> int:
    return most - int(most * _TAIL)
