"""Names under which servers answer: the requested model under another spelling, or another model."""

from synthetic_textcat.schemas.model_names import is_same_model
from tests.support.each_case import each_of


@each_of(
    ("requested", "answered"),
    [
        ("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
        ("gpt-4.1-mini", "openai/gpt-4.1-mini"),
        ("openai/gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
        ("gpt-4", "gpt-4-0613"),
        ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022"),
        ("us.anthropic.claude-3-5-sonnet-20240620-v1:0", "claude-3-5-sonnet-20240620"),
        ("gemini-2.0-flash", "models/gemini-2.0-flash-001"),
        ("gemini-2.5-flash-preview-05-20", "gemini-2.5-flash"),
        ("mistral-large-latest", "mistral-large-2411"),
        ("llama3.2", "llama3.2:latest"),
        ("deepseek/deepseek-chat:free", "deepseek-chat"),
        ("accounts/fireworks/models/llama-v3p1-8b-instruct", "llama-v3p1-8b-instruct"),
        ("SmolLM2-135M-Instruct", "/models/SmolLM2-135M-Instruct.Q4_1.gguf"),
        ("smollm2-135m-instruct-Q4_K_M.gguf", "C:\\models\\SmolLM2-135M-Instruct-IQ3_XXS.gguf"),
        ("Qwen/Qwen2.5-7B-Instruct", "qwen2.5-7b-instruct"),
    ],
)
def test_the_same_model_in_other_words(requested: str, answered: str) -> None:
    assert is_same_model(requested, answered)
    assert is_same_model(answered, requested)


@each_of(
    ("requested", "answered"),
    [
        ("gpt-4o-mini", "/models/SmolLM2-135M-Instruct.Q4_1.gguf"),
        ("gpt-4o", "gpt-4o-mini-2024-07-18"),
        ("gpt-4.1", "gpt-4o"),
        ("llama3:8b", "llama3:70b"),
        ("claude-3-5-sonnet", "claude-3-5-haiku"),
        ("Qwen2.5-7B-Instruct", "Qwen2.5-7B"),
        ("SmolLM2-135M-Instruct", "SmolLM2-360M-Instruct.Q4_1.gguf"),
        ("gemini-2.0-flash", "gemini-2.0-flash-lite-001"),
    ],
)
def test_another_model(requested: str, answered: str) -> None:
    assert not is_same_model(requested, answered)


@each_of("name", ["", "-2024-01-01", ".gguf", "a" * 10_000, "/" * 10_000, "-0" * 5_000])
def test_odd_names_are_compared_too(name: str) -> None:
    assert is_same_model(name, name)
