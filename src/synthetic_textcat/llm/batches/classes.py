"""Model classes with batches, and the adapter for each, as `llm/providers/classes.yml` names it."""

import asyncio

from synthetic_textcat.errors import BatchError
from synthetic_textcat.llm.batches.service import BatchService
from synthetic_textcat.llm.chat_models.model_classes import imported
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.providers.class_facts import batch_adapters, class_facts
from synthetic_textcat.schemas.parameters import LlmParameters


def check_batch_class(class_path: str) -> None:
    """Checks that a model class has batches.

    Raises:
        BatchError: If it has none.
    """
    if class_path in batch_adapters():
        return
    allowed = ", ".join(batch_adapters())
    if class_facts(class_path).is_offline:
        raise BatchError(
            "The offline model has no batches, which generation.mode=batch asks for. Next: add --env openai, or set "
            "generation.mode=live"
        )
    raise BatchError(
        f"{class_path} (catalog entry llm) has no batches here, which generation.mode=batch asks for; allowed: "
        f"{allowed}. Next: set generation.mode=live, or use such a class"
    )


def service_of(spec: ChatModelSpec, llm: LlmParameters) -> BatchService:
    """The adapter for a model; no request is made.

    Raises:
        BatchError: If its class has no batches.
        ModelSetupError: If the model can't be built.
    """
    check_batch_class(spec.class_path)

    async def build() -> BatchService:
        adapter: BatchService = imported(batch_adapters()[spec.class_path])(spec, llm)
        return adapter

    return asyncio.run(build())  # a model's asynchronous client is built on an event loop
