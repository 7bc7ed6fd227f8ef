"""Completions, calls and journal files, with the fields that a test does not care for filled in."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from langchain_core.messages import HumanMessage

from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.llm.batches.record import BatchRecord
from synthetic_textcat.llm.calls.policy import Call
from synthetic_textcat.llm.journal.journal import Journal, completion_line
from synthetic_textcat.llm.journal.paid_calls import read_paid_calls
from synthetic_textcat.schemas.completions import REPLIED, Completion, row_schema
from tests.support.chat_models import GOOD

BAD = "I would rather not."
"""A reply that holds no row."""

_DEFAULTS: dict[str, Any] = {
    "request_id": "r0",
    "attempt": 1,
    "run_id": "run-1",
    "status": REPLIED,
    "raw_text": GOOD,
    "refusal": None,
    "finish_reason": "stop",
    "prompt_tokens": 10,
    "cached_tokens": 4,
    "completion_tokens": 5,
    "latency_s": 0.25,
    "model_name": "model-1",
    "prompt_sha256": "0" * 64,
    "error": None,
    "created_at": "2026-01-01T00:00:00.000+00:00",
}


def fingerprint(name: str = "r0") -> str:
    """A fingerprint of its own for each name."""
    return sha256_of(name)


def completion(raw_text: str = GOOD, **changes: Any) -> Completion:
    """A completion; its fingerprint follows its request."""
    fields = {**_DEFAULTS, "raw_text": raw_text, **changes}
    return Completion(**{"fingerprint": fingerprint(fields["request_id"]), **fields})


NO_COUNTS: dict[str, Any] = {"prompt_tokens": None, "cached_tokens": None, "completion_tokens": None}
"""Of a call of unknown usage."""


def no_reply(cause: str = "timeout", **changes: Any) -> Completion:
    """A call that brought no reply; of unknown usage, at most 60 tokens read and 40 written."""
    bound = {"prompt_tokens_at_most": 60, "completion_tokens_at_most": 40}
    unknown = {"error": "it failed", "finish_reason": None, "model_name": None, **NO_COUNTS, **bound}
    return completion("", status=cause, **{**unknown, **changes})


def nothing_taken(cause: str = "connection_error", **changes: Any) -> Completion:
    """A call that was certainly not worked on."""
    zeros = dict.fromkeys(NO_COUNTS, 0)
    return no_reply(cause, **{**zeros, "prompt_tokens_at_most": None, "completion_tokens_at_most": None, **changes})


def call(request_id: str = "r0", prompt: str | None = None) -> Call:
    """A new row's call."""
    messages = [HumanMessage(prompt or f"Write {request_id}.")]
    return Call(request_id, fingerprint(request_id), messages, row_schema(["A", "B"]), seed=7)


def write_journal(path: Path, completions: Iterable[Completion]) -> Path:
    """A journal file with these lines."""
    path.write_bytes(b"".join(map(completion_line, completions)))
    return path


def no_batches() -> BatchRecord:
    """A record without batches, to which nothing can be appended."""
    return BatchRecord(Path("absent.jsonl"), lambda _: None)


def paid_calls(completions: Iterable[Completion]) -> pd.DataFrame:
    """The paid calls of a journal with these lines."""
    with tempfile.TemporaryDirectory() as folder:
        return read_paid_calls(Journal(write_journal(Path(folder) / "journal.jsonl", completions))).to_pandas()
