"""Requests that do not fit the context: read in each server's words, shortened, never sent again as they are."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from synthetic_textcat.errors import FatalAnswerError
from synthetic_textcat.llm.calls.context_window import ContextWindow, Overflow, read_overflow
from synthetic_textcat.llm.calls.first_replies import TaskPauses
from synthetic_textcat.llm.calls.open_rows import open_rows
from synthetic_textcat.llm.calls.policy import Attempt, Call, judging
from synthetic_textcat.llm.calls.token_limits import TokenLimit
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.schemas.completions import Completion, Reply
from synthetic_textcat.schemas.outcomes import TOO_LONG
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.llm.builders import call, completion, no_reply, write_journal
from tests.llm.running import AT_ONCE, policy
from tests.support.model_classes import OPENAI_CLASS
from tests.support.server import FaultServer
from tests.support.server_host import ServerHost

_LLM = LlmParameters(model="served-1")


@pytest.fixture(scope="module")
def server(server_host: ServerHost) -> Iterator[FaultServer]:
    with server_host.server() as running:
        yield running


@pytest.fixture(autouse=True)
def _healthy(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.reset()
    server.set_faults(context=None, context_with_limit=False)
    monkeypatch.setenv("OPENAI_API_KEY", "any")


@pytest.mark.parametrize(
    ("words", "context", "prompt"),
    [
        ("request (931 tokens) exceeds the available context size (512 tokens), try increasing it", 512, 931),
        (
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9020 tokens.",
            8192,
            9020,
        ),
        (
            (
                "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (1000 in the "
                "messages, 4000 in the completion)."
            ),
            4096,
            1000,
        ),
        (
            (
                "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is "
                "4096 tokens and your request has 1200 input tokens (5000 > 4096 - 1200)."
            ),
            4096,
            1200,
        ),
        (
            (
                "You passed 4097 input tokens and requested 100 output tokens. However, the model's context length is "
                "only 4096 tokens"
            ),
            4096,
            4097,
        ),
        ("The decoder prompt (length 5000) is longer than the maximum model length of 4096.", 4096, 5000),
        ("prompt is too long: 208,310 tokens > 200,000 maximum", 200_000, 208_310),
        (
            "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).",
            1_048_576,
            1_048_577,
        ),
        (
            (
                "litellm.ContextWindowExceededError: This model's maximum context length is 4096 tokens. However, your "
                "messages resulted in 4522 tokens."
            ),
            4096,
            4522,
        ),
        (
            "tokens to keep from the initial prompt is greater than the context length (n_keep: 5000>= n_ctx: 4096)",
            4096,
            5000,
        ),
        ("input length and `max_tokens` exceed context limit: 198432 + 8192 > 200000, decrease", 200_000, 198_432),
        ("the prompt is too long", None, None),
        ("context size 99999999999999999999999999999999", 10**18 - 1, None),
    ],
)
def test_sizes_are_read_from_the_words_of_each_server(words: str, context: int | None, prompt: int | None) -> None:
    assert read_overflow(words) == Overflow(context, prompt)


def _asked(
    server: FaultServer, calls: list[Call], *, pauses: TaskPauses | None = None, **limits: Any
) -> list[Completion]:
    spec = ChatModelSpec(OPENAI_CLASS, {"base_url": server.url, "timeout": 20})
    rules = replace(policy(1, retries=AT_ONCE, **limits), pauses=pauses or TaskPauses())
    return [line for batch in complete(lambda: Chat(spec.build(_LLM), _LLM), iter(calls), rules) for line in batch]


def _long(request_id: str, characters: int = 4_000, **fields: Any) -> Call:
    return replace(call(request_id, "Write it. " * (characters // 10)), **fields)


def test_a_prompt_that_is_too_long_is_one_request_and_a_cause_of_its_own(server: FaultServer) -> None:
    server.set_faults(context=500)
    lines = _asked(server, [call("r0"), _long("r1"), call("r2")])
    assert [(line.request_id, line.status) for line in lines] == [
        ("r0", "replied"),
        ("r1", TOO_LONG),
        ("r2", "replied"),
    ]
    assert server.stats()["requests"] == 3
    assert "(1001 tokens) exceeds the available context size (500 tokens)" in (lines[1].error or "")


def test_a_retry_that_would_not_fit_loses_the_bad_replies_in_it(server: FaultServer) -> None:
    """The prompt has 400 of 500 tokens: each bad reply and its problem have some 60."""
    server.set_faults(context=500, always="broken_json", sticky=True)
    lines = _asked(server, [_long("r0", 1_600)], max_attempts=4)
    assert server.stats()["requests"] == len(lines)
    assert sum(line.replied for line in lines) == 4  # all attempts got their reply
    assert sum(line.status == TOO_LONG for line in lines) <= 1  # then the context is known
    assert server.stats()["last_body"]["seed"] == 7 + 3  # the last attempt asks as the first did
    assert len(server.stats()["last_body"]["messages"]) == 1
    refused = [(line.prompt_sha256, line.max_tokens) for line in lines if line.status == TOO_LONG]
    assert len(refused) == len(set(refused))


def test_truncated_replies_never_make_the_conversation_overflow(server: FaultServer) -> None:
    server.set_faults(context=600, always="truncated", sticky=True)
    lines = _asked(server, [_long("r0", 1_600)])
    assert [line.finish_reason for line in lines if line.replied] == ["length"] * 3


def test_a_limit_that_must_fit_too_is_cut_to_the_room_that_is_left(server: FaultServer) -> None:
    server.set_faults(context=1_000, context_with_limit=True)
    calls = [_long(f"r{number}", 1_600, limit=TokenLimit(4_096)) for number in range(3)]
    lines = _asked(server, calls)
    assert [(line.status, line.max_tokens) for line in lines[:2]] == [(TOO_LONG, 4_096), ("replied", 599)]
    assert [line.status for line in lines[2:]] == ["replied"] * 2  # known before the call
    assert all(64 <= (line.max_tokens or 0) <= 599 for line in lines[1:])
    assert server.stats()["requests"] == 4


def test_rows_that_an_earlier_run_found_too_long_cost_one_request_until_the_context_is_larger(
    server: FaultServer,
) -> None:
    server.set_faults(context=500)
    known = [_long(f"r{number}", prompt_tokens=1_001) for number in range(10)]
    lines = _asked(server, known)
    assert [line.status for line in lines] == [TOO_LONG]
    assert server.stats()["requests"] == 1
    server.set_faults(context=2_000)
    assert [line.status for line in _asked(server, known)] == ["replied"] * 10


def test_a_journal_remembers_the_size_of_a_prompt_and_this_run_does_not_ask_twice(tmp_path: Any) -> None:
    words = "request (931 tokens) exceeds the available context size (512 tokens)"
    refused = no_reply(TOO_LONG, error=words, run_id="run-1")
    bad = completion("no JSON", request_id="r1")
    lines = [refused, bad, no_reply(TOO_LONG, request_id="r1", attempt=2, error="too long", run_id="run-1")]
    journal = Journal(write_journal(tmp_path / "completions.jsonl", lines))
    fingerprints = [refused.fingerprint, bad.fingerprint]
    later = open_rows(fingerprints, journal, judging(Reply), 3, run_id="run-2")
    assert [(row.position, row.prompt_tokens, len(row.past)) for row in later.rows] == [(0, 931, 0), (1, None, 1)]
    assert not open_rows(fingerprints, journal, judging(Reply), 3, run_id="run-1").rows


def test_a_task_whose_prompts_are_all_too_long_is_paused_and_the_others_go_on(server: FaultServer) -> None:
    server.set_faults(context=500)
    big = [_long(f"big{number}", row={"task_id": "big"}) for number in range(12)]
    small = [replace(call(f"small{number}"), row={"task_id": "small"}) for number in range(12)]
    pauses = TaskPauses(after=5)
    lines = _asked(server, [each for pair in zip(big, small, strict=True) for each in pair], pauses=pauses)
    assert sum(line.status == TOO_LONG for line in lines) == 5
    assert sum(line.replied for line in lines) == 12
    assert [(task_id, start.reason) for task_id, start in pauses.paused] == [("big", TOO_LONG)]
    assert pauses.left_out == {"big": 7}


def test_a_run_in_which_nothing_fits_ends_with_what_to_do(server: FaultServer) -> None:
    server.set_faults(context=500)
    with pytest.raises(
        FatalAnswerError, match=r"available context size \(500 tokens\).* Next: give the server a larger"
    ):
        _asked(server, [_long(f"r{number}") for number in range(30)])
    assert server.stats()["requests"] == 20


def test_without_a_known_context_nothing_is_changed() -> None:
    window, new = ContextWindow(), call()
    attempt = Attempt(2, [*new.messages, AIMessage("x" * 9_000), HumanMessage("Wrong.")], 512)
    window.note(attempt, completion(prompt_tokens=3_000))
    assert window.fitted(new, attempt) is attempt
    assert not window.is_exceeded_by(10**9)
    window.note(attempt, no_reply(TOO_LONG, error="maximum context length is 2048 tokens"))
    assert window.fitted(new, attempt) == Attempt(2, new.messages, 512)
    assert window.is_exceeded_by(2048)
    assert not window.is_exceeded_by(None)
