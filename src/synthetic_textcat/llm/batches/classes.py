"""Model classes with batches, and the adapter for each."""

import asyncio

from synthetic_textcat.errors import BatchError
from synthetic_textcat.llm.batches.service import BatchService
from synthetic_textcat.llm.chat_models.spec import ANTHROPIC_CLASS, OFFLINE_CLASS, OPENAI_CLASS, ChatModelSpec
from synthetic_textcat.schemas.parameters import LlmParameters

BATCH_CLASSES = (OPENAI_CLASS, ANTHROPIC_CLASS)
"""Model classes with an adapter, by catalog path."""


def check_batch_class(class_path: str) -> None:
    """Checks that a model class has batches.

    Raises:
        BatchError: If it has none.
    """
    if class_path in BATCH_CLASSES:
        return
    allowed = ", ".join(BATCH_CLASSES)
    if class_path == OFFLINE_CLASS:
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
        if spec.class_path == ANTHROPIC_CLASS:
            from synthetic_textcat.llm.batches.anthropic_service import AnthropicBatches

            return AnthropicBatches(spec, llm)
        from synthetic_textcat.llm.batches.openai_service import OpenAIBatches

        return OpenAIBatches(spec, llm)

    return asyncio.run(build())  # a model's asynchronous client is built on an event loop
