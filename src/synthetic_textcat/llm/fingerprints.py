"""The fingerprint of a row's call: what makes a paid answer the answer to this row."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from synthetic_textcat.hashing import canonical_json, sha256_of
from synthetic_textcat.llm.prompts import Messages, wire_form
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.prompts import prompt_sha256

_NOT_SAMPLING = {"token_limit_field"}


def asking_sha256(llm: LlmParameters, identity: Sequence[Any], prompts: Sequence[Any]) -> str:
    """Hex sha256 of what all calls have in common, and of the prompts: with another one, other replies are to come."""
    settings = llm.model_dump(mode="json", exclude=_NOT_SAMPLING)
    return sha256_of([settings, *identity, *map(prompt_sha256, prompts)])


class Fingerprinter:
    """Hashes a row's call; what all rows share is hashed once.

    In it: request, first messages, response schema, model, endpoint, sampling settings, extra arguments of the
    catalog. Not in it: the key, timeouts, proxies, concurrency and the name of the token-limit field, none of which
    changes what is answered.
    """

    def __init__(self, llm: LlmParameters, identity: Sequence[Any]) -> None:
        settings = llm.model_dump(mode="json", exclude=_NOT_SAMPLING)
        self._shared = hashlib.sha256(canonical_json([settings, *identity]).encode())

    def of(self, request_id: str, messages: Messages, schema: Mapping[str, Any]) -> str:
        """Hex sha256 of one row's call."""
        digest = self._shared.copy()
        digest.update(canonical_json([request_id, wire_form(messages), schema]).encode())
        return digest.hexdigest()
