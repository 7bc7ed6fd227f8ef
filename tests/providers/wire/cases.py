"""Cases that each wire format can express, and the values that all of them carry."""

import json
from typing import Any, NamedTuple

ROW = {"input_text": "Where is my parcel?", "label": "A", "misleading_label": "B"}
TEXT = json.dumps(ROW)
CUT_TEXT = TEXT[:22]
THOUGHTS = 'First a draft: {"input_text": "draft", "label": "B", "misleading_label": "A"}'
REFUSAL = "I can not help with that."

PROMPT, CACHED, WRITTEN = 120, 40, 30
"""Token counts of each reply that has some: read in all, of these from the cache, written."""

UNTHOUGHT, ENDLESS = "unthought", "endless"
"""The whole answer, or thoughts that stop in mid-draft, in the field of thoughts: the reply has no end of them."""
GOOD, CUT, REFUSED, FILTERED, THINKING = "good", "cut", "refused", "filtered", "thinking"
REDIRECT = "redirect"
ERRORS = {"401": 401, "404": 404, "429": 429, "500": 500}
BLOCKED = "blocked"
"""A prompt that the vendor's filter refuses."""
BAD_TOOL = "bad_tool"
"""Output that is no call of the tool that was asked for, reported as an error (Groq)."""
OBJECT_ARGUMENTS = "object_arguments"
"""Arguments of a tool call as a JSON object in place of a text."""

KEY = "sk-loopback-0123456789abcdef"


class Asked(NamedTuple):
    """A request as the server got it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Said(NamedTuple):
    """An answer: HTTP status, JSON body, and headers next to the content type."""

    status: int
    body: Any
    headers: dict[str, str] = {}  # noqa: RUF012  never changed
