"""Token counts, from whatever a server reports: right or unknown, never wrong, never an exception."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.llm.token_usage import UNKNOWN, count, is_as_documented, read_usage

_OPENAI = {
    "prompt_tokens": 300,
    "completion_tokens": 80,
    "total_tokens": 380,
    "prompt_tokens_details": {"cached_tokens": 256, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 64},
}
_LANGCHAIN = {"input_tokens": 300, "output_tokens": 80, "total_tokens": 380}


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        # inside: OpenAI, DeepSeek, Mistral, Groq, OpenRouter, vLLM, llama.cpp
        (_OPENAI, (300, 256, 80)),
        ({**_OPENAI, "prompt_tokens_details": None}, (300, None, 80)),
        ({"prompt_tokens": 300, "completion_tokens": 80}, (300, None, 80)),
        (
            {"prompt_tokens": 300, "completion_tokens": 80, "total_tokens": 380, "prompt_cache_hit_tokens": 256},
            (300, 256, 80),
        ),
        # thoughts beside: Gemini's OpenAI-compatible endpoint, xAI
        (
            {
                "prompt_tokens": 300,
                "completion_tokens": 80,
                "total_tokens": 2380,
                "completion_tokens_details": {"reasoning_tokens": 2000},
            },
            (300, None, 2080),
        ),
        ({"prompt_tokens": 20, "completion_tokens": 151, "total_tokens": 553}, (20, None, 533)),
        ({"prompt_tokens": 21, "completion_tokens": 0, "total_tokens": 81}, (21, None, 60)),
        ({"prompt_tokens": 21, "total_tokens": 81}, (21, None, 60)),
        ({"prompt_tokens": 21, "completion_tokens": None, "total_tokens": 81}, (21, None, 60)),
        # thoughts and cache of one size: the thoughts' own count decides
        (
            {
                "prompt_tokens": 300,
                "completion_tokens": 80,
                "total_tokens": 480,
                "prompt_tokens_details": {"cached_tokens": 100},
                "completion_tokens_details": {"reasoning_tokens": 100},
            },
            (300, 100, 180),
        ),
        # cached beside, as in Anthropic's own form: the total says so
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 80,
                "total_tokens": 2090,
                "prompt_tokens_details": {"cached_tokens": 2000},
            },
            (2010, 2000, 80),
        ),
        (
            {
                "input_tokens": 10,
                "output_tokens": 80,
                "total_tokens": 2190,
                "cache_read_input_tokens": 2000,
                "cache_creation_input_tokens": 100,
            },
            (2110, 2000, 80),
        ),
        # more cached than read, and a total that does not explain it; or none
        ({**_OPENAI, "prompt_tokens_details": {"cached_tokens": 999}}, (300, None, 80)),
        (
            {"prompt_tokens": 10, "completion_tokens": 80, "prompt_tokens_details": {"cached_tokens": 999}},
            (None, None, 80),
        ),
        # a total below its parts
        ({**_OPENAI, "total_tokens": 5}, (300, 256, 80)),
        ({**_OPENAI, "total_tokens": "380"}, (300, 256, 80)),
        # LangChain's form
        ({**_LANGCHAIN, "input_token_details": {"cache_read": 256}}, (300, 256, 80)),
        ({**_LANGCHAIN, "input_token_details": {"flex_cache_read": 256}}, (300, 256, 80)),
        ({**_LANGCHAIN, "total_tokens": 0}, (300, None, 80)),
        # zeros in place of counts: Ollama for a cached prompt, LangChain where the server says null
        ({"prompt_tokens": 0, "completion_tokens": 80, "total_tokens": 80}, (None, None, 80)),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, (None, None, None)),
        ({"prompt_tokens": 300, "completion_tokens": 0}, (300, None, None)),
        # numbers of another type, and what is no number
        ({"prompt_tokens": 300.0, "completion_tokens": 80.0}, (300, None, 80)),
        ({"prompt_tokens": "300", "completion_tokens": 80}, (None, None, 80)),
        ({"prompt_tokens": 300, "completion_tokens": True}, (300, None, None)),
        ({"prompt_tokens": -300, "completion_tokens": 80.5}, (None, None, None)),
        ({"prompt_tokens": float("nan"), "completion_tokens": float("inf")}, (None, None, None)),
        ({"prompt_tokens": 2**53 + 1, "completion_tokens": {"n": 80}}, (None, None, None)),
        ({"prompt_tokens": 300, "completion_tokens": 80, "prompt_tokens_details": "many"}, (300, None, 80)),
        ({"prompt_tokens": 300, "completion_tokens": 80, "completion_tokens_details": [1]}, (300, None, 80)),
        ({}, UNKNOWN),
        (None, UNKNOWN),
        ([], UNKNOWN),
        ("usage", UNKNOWN),
        (7, UNKNOWN),
    ],
)
def test_each_way_of_reporting_is_read(usage: object, counts: tuple[int | None, ...]) -> None:
    assert read_usage(usage, has_text=True) == counts


def test_without_a_text_no_token_may_have_been_written() -> None:
    assert read_usage({"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9}, has_text=False) == (9, None, 0)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
_NAMES = ["prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "cached_tokens"]
_DETAILS = ["prompt_tokens_details", "completion_tokens_details", "input_token_details"]
_COUNTS = st.dictionaries(st.sampled_from([*_NAMES, "reasoning_tokens", "cache_read"]), _JSON | st.integers(0, 50))
_USAGE = st.dictionaries(st.sampled_from([*_NAMES, *_DETAILS]), _JSON | _COUNTS | st.integers(0, 50))


@given(usage=_USAGE | _JSON, has_text=st.booleans())
def test_nothing_raises_and_no_count_is_out_of_range(usage: Any, has_text: bool) -> None:
    found = read_usage(usage, has_text)
    assert all(x is None or (type(x) is int and 0 <= x <= 2**55) for x in found)
    if found.cached is not None:
        assert found.prompt is not None
        assert found.cached <= found.prompt
    assert found.prompt != 0
    is_as_documented(usage)


@pytest.mark.parametrize("value", [True, "9", None, -1, 0.5, float("nan"), float("inf"), 2**53 + 1, [9], {"n": 9}])
def test_what_is_no_count_is_none(value: object) -> None:
    assert count(value) is None


@pytest.mark.parametrize("value", [0, 9, 9.0, 2**53])
def test_a_count_is_a_whole_number(value: float) -> None:
    assert count(value) == value


def test_only_what_openai_documents_goes_to_langchain() -> None:
    assert is_as_documented(_OPENAI)
    assert is_as_documented({**_OPENAI, "completion_tokens_details": None})
    wrongs: list[object] = ["9", None, 9.0, True, {}]
    for wrong in wrongs:
        assert not is_as_documented({**_OPENAI, "total_tokens": wrong})
    assert not is_as_documented({**_OPENAI, "prompt_tokens_details": {"cached_tokens": "4"}})
    assert not is_as_documented({**_OPENAI, "prompt_tokens_details": "4"})
    assert not is_as_documented(None)
