"""Vendors: the class, its environment and wire format, and where it differs from the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.providers.wire import (
    anthropic,
    azure_openai,
    bedrock,
    cases,
    cohere,
    google,
    hugging_face,
    ollama,
    openai_shaped,
)
from tests.providers.wire.cases import CACHED, KEY, PROMPT, WRITTEN
from tests.providers.wire.server import Format

REPLIES = (
    *(cases.GOOD, cases.CUT, cases.REFUSED, cases.FILTERED, cases.BLOCKED, cases.THINKING),
    *(cases.OBJECT_ARGUMENTS, cases.BAD_TOOL),
)
USUAL = {
    cases.GOOD: "accepted",
    cases.CUT: "truncated",
    cases.REFUSED: "refused",
    cases.FILTERED: "content_filtered",
    cases.BLOCKED: "content_filtered",
    cases.THINKING: "accepted",
}
OPENAI_SHAPED = USUAL | {
    cases.OBJECT_ARGUMENTS: "accepted",
    cases.BAD_TOOL: "accepted",
    cases.UNTHOUGHT: "accepted",
    cases.ENDLESS: "invalid_json",
}
COUNTED = [PROMPT, CACHED, WRITTEN]
UNKNOWN = [None, None, None]


@dataclass(frozen=True)
class Vendor:
    """A class, and what its server's replies come to.

    Attributes:
        environment: Name of its requirements file; empty for the project's own packages.
        class_path: The class.
        wire: The format of its server.
        path: What follows the server's address.
        variables: Its keys and switches.
        outcomes: Case → cause of the row.
        tokens: Case → counts, where they are not `COUNTED`.
        served: Whether the journal has the server's name of the model.
        follows_redirects: Whether its client is out of our reach, and follows redirects.
        key_words: How an error names the variable of the key.
        settings: Settings of `llm`.
    """

    environment: str
    class_path: str
    wire: Format
    path: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=lambda: OPENAI_SHAPED)
    tokens: Mapping[str, Any] = field(default_factory=dict)
    served: bool = True
    key_words: str = ""
    follows_redirects: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


_NOT_SAID = {cases.BLOCKED: UNKNOWN, cases.BAD_TOOL: UNKNOWN}
_NO_CACHE = [PROMPT, None, WRITTEN]
_ALL_UNCACHED = dict.fromkeys(REPLIES, _NO_CACHE)


def _shaped(environment: str, class_path: str, key: str, path: str = "/v1", **more: Any) -> Vendor:
    """A vendor of OpenAI's form."""
    tokens = _NOT_SAID | more.pop("tokens", {})
    return Vendor(environment, class_path, openai_shaped.answer, path, {key: KEY}, tokens=tokens, key_words=key, **more)


VENDORS = {
    "openai": _shaped("", "langchain_openai.ChatOpenAI", "OPENAI_API_KEY"),
    "azure": Vendor(
        "", "langchain_openai.AzureChatOpenAI", azure_openai.answer, "",
        {"AZURE_OPENAI_API_KEY": KEY, "OPENAI_API_VERSION": "2024-10-21"}, OPENAI_SHAPED, _NOT_SAID,
        key_words="AZURE_OPENAI_API_KEY",
    ),
    "groq": _shaped("groq", "langchain_groq.ChatGroq", "GROQ_API_KEY", ""),
    "mistral": _shaped("mistral", "langchain_mistralai.ChatMistralAI", "MISTRAL_API_KEY"),
    "deepseek": _shaped("deepseek", "langchain_deepseek.ChatDeepSeek", "DEEPSEEK_API_KEY"),
    "xai": _shaped("xai", "langchain_xai.ChatXAI", "XAI_API_KEY"),
    "openrouter": _shaped("openrouter", "langchain_openrouter.ChatOpenRouter", "OPENROUTER_API_KEY"),
    "fireworks": _shaped("fireworks", "langchain_fireworks.ChatFireworks", "FIREWORKS_API_KEY"),
    "hugging_face": Vendor(
        "hugging_face", "langchain_huggingface.ChatHuggingFace", hugging_face.answer, "/v1", {"HF_TOKEN": KEY},
        OPENAI_SHAPED, _NOT_SAID, key_words="HF_TOKEN",
    ),
    "litellm": _shaped(
        "litellm", "langchain_litellm.ChatLiteLLM", "OPENAI_API_KEY", settings={"model": "openai/m"},
        follows_redirects=True,
        outcomes={case: cause for case, cause in OPENAI_SHAPED.items() if case != cases.BAD_TOOL}
    ),
    "anthropic": Vendor(
        "anthropic", "langchain_anthropic.ChatAnthropic", anthropic.answer, "", {"ANTHROPIC_API_KEY": KEY},
        {name: cause for name, cause in USUAL.items() if name != cases.FILTERED}, {cases.BLOCKED: UNKNOWN},
        key_words="ANTHROPIC_API_KEY",
    ),
    "google": Vendor(
        "google", "langchain_google_genai.ChatGoogleGenerativeAI", google.answer, "", {"GOOGLE_API_KEY": KEY},
        USUAL | {cases.REFUSED: "content_filtered"}, {cases.BLOCKED: UNKNOWN}, key_words="GOOGLE_API_KEY",
    ),
    "ollama": Vendor(
        "ollama", "langchain_ollama.ChatOllama", ollama.answer, "", {},
        {name: USUAL[name] for name in (cases.GOOD, cases.CUT, cases.THINKING)}, _ALL_UNCACHED, served=False,
    ),
    "bedrock": Vendor(
        "bedrock", "langchain_aws.ChatBedrockConverse", bedrock.answer, "",
        {"AWS_BEARER_TOKEN_BEDROCK": KEY, "AWS_REGION": "us-east-1"},
        USUAL | {cases.REFUSED: "content_filtered"}, served=False, key_words="AWS_BEARER_TOKEN_BEDROCK",
    ),
    "cohere": Vendor(
        "cohere", "langchain_cohere.ChatCohere", cohere.answer, "", {"COHERE_API_KEY": KEY},
        {case: cause for case, cause in (USUAL | {cases.REFUSED: "content_filtered"}).items() if case != cases.BLOCKED},
        _ALL_UNCACHED, served=False,
        key_words="COHERE_API_KEY",
    ),
}  # fmt: skip
