"""Runs a provider class through the engine, in the environment that has its package; prints one line of JSON.

`python -m tests.providers.asking '{"class_path": ..., "kwargs": ..., "llm": ..., "calls": ..., ...}'`
"""

import json
import sys
import time
from typing import Any

from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import TextcatError
from synthetic_textcat.llm.calls.budget import Budget
from synthetic_textcat.llm.calls.policy import Call, CallPolicy, RetryPolicy, judging, retry_conversation
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.llm.prompts.messages import Fingerprinter
from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.schemas.completions import Completion, Problem, Reply, row_schema
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters
from synthetic_textcat.schemas.prices import PriceList

_RETRY = ChatPromptTemplate([("user", "Wrong ({cause}): {problem}.")])


def _asked(given: dict[str, Any]) -> dict[str, Any]:
    llm = LlmParameters.model_validate({"model": "m", **given.get("llm", {})})
    spec = ChatModelSpec(given["class_path"], given.get("kwargs", {}))
    fingerprinter = Fingerprinter(llm, spec.identity)
    generation = GenerationParameters.model_validate(
        {"max_concurrency": 1, "max_attempts": 1, **given.get("generation", {})}
    )
    prices = PriceList.read({"as_of": "2026-01-01", "usd_per_million_tokens": {}})
    retries = RetryPolicy(spec.max_retries, 300.0, jitter=lambda: 0.0)
    policy = CallPolicy(
        judging(Reply), retry_conversation(_RETRY), generation, Budget(generation, prices, llm.model), "run-1", retries,
        spec.deadline_s,
    )  # fmt: skip
    schema = row_schema(["A", "B", 'C "quoted" é'])
    rows = []
    for number in range(given.get("calls", 1)):
        messages = [HumanMessage(f"Write row {number}.")]
        rows.append(Call(f"r{number}", fingerprinter.of(f"r{number}", messages, schema), messages, schema, seed=7))
    found: list[Completion] = []
    begun, fatal = time.monotonic(), None
    try:
        for batch in complete(lambda: Chat(spec.build(llm), llm), iter(rows), policy):
            found += batch
    except TextcatError as error:
        fatal = f"{type(error).__name__}: {error}"
    return {
        "fatal": fatal,
        "seconds": time.monotonic() - begun,
        "fingerprint": rows[0].fingerprint,
        "completions": [_seen(completion) for completion in found],
    }


def _seen(completion: Completion) -> dict[str, Any]:
    parsed = parse(completion, Reply)
    return {
        "cause": parsed.cause if isinstance(parsed, Problem) else "accepted",
        "row": None if isinstance(parsed, Problem) else parsed.model_dump(),
        "tokens": [completion.prompt_tokens, completion.cached_tokens, completion.completion_tokens],
        **{
            name: getattr(completion, name) for name in ("status", "raw_text", "refusal", "finish_reason", "model_name")
        },
        "error": completion.error,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps([_asked(each) for each in json.loads(sys.argv[1])]) + "\n")
