"""Subclasses of LangChain's provider classes that keep dropped fields, and send settings without an argument.

A class that reads chat completions of OpenAI's form turns each into a message in `_create_chat_result`. Several drop
the refusal, the thoughts and the name of the server's model there, and some raise at a reply that was paid for: Azure's
at one that its filter cut, Groq's and Mistral's at tool arguments that are an object in place of a text, most at a
message without a role.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from synthetic_textcat.llm.providers.class_facts import CALL, ClassFacts, put
from synthetic_textcat.llm.providers.errors import has_reply
from synthetic_textcat.llm.providers.files import thoughts_fields


def fixed_class(model_class: Any, facts: ClassFacts, per_call: Mapping[str, Any]) -> Any:
    """The subclass with these fixes; the class itself if it needs none.

    Args:
        model_class: A LangChain chat-model class.
        facts: What is known about it.
        per_call: Arguments of each call, by place.
    """
    methods: dict[str, Any] = {}
    if facts.is_known and hasattr(model_class, "_create_chat_result"):
        methods["_create_chat_result"] = _complete_result(model_class)
    if per_call:
        methods["_agenerate"] = _with_arguments(model_class, per_call)
    if not methods:
        return model_class
    names = {"__module__": model_class.__module__, "__qualname__": model_class.__qualname__}
    return type(model_class.__name__, (model_class,), {**names, **methods})


def _with_arguments(model_class: Any, per_call: Mapping[str, Any]) -> Any:
    async def _agenerate(self: Any, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        for place, value in per_call.items():
            put(kwargs, place.removeprefix(CALL), value, keep=True)
        return await model_class._agenerate(self, messages, stop, run_manager, **kwargs)  # noqa: SLF001

    return _agenerate


def _complete_result(model_class: Any) -> Any:
    def _create_chat_result(self: Any, response: Any, *args: Any, **kwargs: Any) -> ChatResult:
        content = _as_mapping(response)
        result = readable_result(lambda: model_class._create_chat_result(self, response, *args, **kwargs), content)  # noqa: SLF001
        for choice, generation in zip(content.get("choices") or [], result.generations, strict=False):
            if refusal := _refusal_of(choice.get("message") or {}):
                generation.message.additional_kwargs.setdefault("refusal", refusal)
            for name in thoughts_fields():
                if thoughts := (choice.get("message") or {}).get(name):
                    generation.message.additional_kwargs.setdefault(name, thoughts)
            own = {"model_name": content.get("model"), "token_usage": content.get("usage")}
            generation.message.response_metadata |= {name: value for name, value in own.items() if value}
        return result

    return _create_chat_result


def readable_result(make: Callable[[], ChatResult], completion: Any) -> ChatResult:
    """LangChain's result of a chat completion; where that is no message of a model, the message as it came.

    LangChain raises at content that is an object, and takes a message of another role, or of none, for a person's.

    Args:
        make: The class's own way to the result.
        completion: The chat completion as JSON.
    """
    try:
        result = make()
    except Exception:
        if not has_reply(completion):
            raise
    else:
        if all(isinstance(each.message, AIMessage) for each in result.generations) or not has_reply(completion):
            return result
    return ChatResult(generations=[ChatGeneration(message=message_of(completion))])


def _as_mapping(response: Any) -> dict[str, Any]:
    """A reply as JSON; empty if it is neither a mapping nor an object that can be turned into one."""
    if isinstance(response, Mapping):
        return {str(name): each for name, each in _with_attributes(response).items()}
    try:
        dumped = response.model_dump(warnings=False)
    except Exception:  # noqa: BLE001  any SDK's object
        return {}
    return dumped if isinstance(dumped, dict) else {}


def _with_attributes(value: Any) -> Any:
    """A JSON value; of Hugging Face's mappings with the attributes: fields that it does not know are only there."""
    if isinstance(value, Mapping):
        return {name: _with_attributes(each) for name, each in {**value, **getattr(value, "__dict__", {})}.items()}
    return [_with_attributes(each) for each in value] if isinstance(value, list) else value


def _refusal_of(message: Mapping[str, Any]) -> Any:
    """The refusal of a message, or None; LiteLLM moves fields that it does not know one level down."""
    return message.get("refusal") or (message.get("provider_specific_fields") or {}).get("refusal")


def message_of(completion: Mapping[str, Any]) -> AIMessage:
    """The message of a chat completion of OpenAI's form: text, or the arguments of its tool call, as they came."""
    choice = completion["choices"][0]
    message = choice["message"]
    calls = message.get("tool_calls")
    function = (
        calls[0].get("function") if isinstance(calls, list) and calls and isinstance(calls[0], dict) else None
    ) or {}
    text = function.get("arguments") or message.get("content") or ""
    is_in_parts = isinstance(text, list) and all(isinstance(part, dict) and "type" in part for part in text)
    usage = completion.get("usage")
    return AIMessage(
        text if isinstance(text, str) or is_in_parts else json.dumps(text, ensure_ascii=False, default=str),
        additional_kwargs={"refusal": _refusal_of(message)},
        response_metadata={
            "finish_reason": choice.get("finish_reason"),
            "model_name": completion.get("model"),
            "token_usage": usage if isinstance(usage, dict) else {},
        },
    )
