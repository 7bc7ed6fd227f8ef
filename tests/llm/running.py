"""Runs of the engine on a scripted model."""

from collections.abc import Sequence
from typing import Any

from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.llm.calls.budget import Budget
from synthetic_textcat.llm.calls.policy import Call, CallPolicy, RetryPolicy, judging, retry_conversation
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.schemas.completions import Completion, Reply
from synthetic_textcat.schemas.parameters import GenerationParameters
from synthetic_textcat.schemas.prices import PriceList
from tests.support.chat_models import ScriptedChatModel

_DOLLAR_A_THOUSAND = {"scripted-1": {"input": 1e3, "output": 1e3}}
_RETRY = ChatPromptTemplate([("user", "Wrong ({cause}): {problem}.")])


NO_RETRIES = RetryPolicy(max_retries=0)
AT_ONCE = RetryPolicy(jitter=lambda: 0.0)
"""As many retries as by default, without a wait."""


def policy(max_concurrency: int = 4, *, retries: RetryPolicy = NO_RETRIES, **limits: Any) -> CallPolicy:
    """The policy of a run that wants rows, within these limits; a thousand tokens of `scripted-1` cost a dollar."""
    generation = GenerationParameters.model_validate({"max_concurrency": max_concurrency, **limits})
    prices = PriceList.read({"as_of": "2026-01-01", "usd_per_million_tokens": _DOLLAR_A_THOUSAND})
    budget = Budget(generation, prices, "scripted-1")
    ask_again = retry_conversation(_RETRY, generation.retry)
    return CallPolicy(judging(Reply), ask_again, generation, budget, "run-7", retries)


def run(model: ScriptedChatModel, calls: Sequence[Call], max_concurrency: int = 4, **limits: Any) -> list[Completion]:
    """All completions, in the order in which they were handed on."""
    batches = complete(model.as_chat, iter(calls), policy(max_concurrency, **limits))
    return [completion for batch in batches for completion in batch]
