"""Why a model stopped: each provider's field and words for it, in OpenAI's words.

The words are data: `finish_reasons.csv`, whose columns are `provider`, `word`, `reason` (ours) and `source`.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

_TABLE = "finish_reasons.csv"
_FIELDS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
"""What the field is called by OpenAI and Google, Anthropic, Bedrock, and Ollama."""

CONTENT_FILTER = "content_filter"
"""OpenAI's word for a reply that a content filter stopped."""

REFUSAL = "refusal"
"""Anthropic's word for a reply that is a refusal."""


def finish_reason_of(metadata: Mapping[str, Any]) -> str | None:
    """Why the model stopped, from LangChain's `response_metadata`; None where the server does not say.

    A word that the table does not know stays as it came.
    """
    said = next((metadata[name] for name in _FIELDS if metadata.get(name) is not None), None)
    if said is None:
        return None
    word = str(said).lower().rpartition(".")[2]  # Google's `FinishReason.SAFETY`
    known = known_words()
    return known.get(word) or known.get(word.partition(":")[0].strip()) or str(said)


@cache
def known_words() -> dict[str, str]:
    """Our word for each provider's."""
    with resources.files(__package__).joinpath(_TABLE).open(encoding="utf-8") as file:
        return {row["word"]: row["reason"] for row in csv.DictReader(file)}
