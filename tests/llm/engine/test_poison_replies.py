"""Poison replies of a real server among good ones: each is its own row's failure, and the event loop runs on."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable

import pytest

from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.llm.replies.parsing import parse, parse_off_loop
from synthetic_textcat.schemas.completions import LabelSetReply, Problem, Reply, TaskList
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.llm.builders import call, completion
from tests.llm.running import policy
from tests.support.chat_models import GOOD, ScriptedChatModel
from tests.support.examples import cases
from tests.support.model_classes import OPENAI_CLASS
from tests.support.server_host import ServerHost

_LONGEST_LAG_S = 0.05
_BEAT_S = 0.005


class _Heart:
    """Beats on an event loop, and notes by how much each beat was late because of this process.

    Waiting for a processor that other programs use is no lag of ours, so the processor time that this process took
    during a beat bounds what counts.
    """

    def __init__(self) -> None:
        self.lags: list[float] = []

    async def beat(self) -> None:
        while True:
            wall, used = time.perf_counter(), time.process_time()
            await asyncio.sleep(_BEAT_S)
            late, busy = time.perf_counter() - wall - _BEAT_S, time.process_time() - used
            self.lags.append(min(late, busy))


def _assert_no_lag(run: Callable[[_Heart], None]) -> None:
    """Tries up to three times: a step that holds the interpreter does so each time, other programs do not."""
    longest: list[float] = []
    for _ in range(3):
        heart = _Heart()
        run(heart)
        longest.append(max(heart.lags))
        if longest[-1] < _LONGEST_LAG_S:
            break
    assert min(longest) < _LONGEST_LAG_S, longest


@pytest.fixture
def llm(monkeypatch: pytest.MonkeyPatch) -> LlmParameters:
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    return LlmParameters.model_validate({"model": "m"})


def test_poison_among_good_replies_holds_up_nothing(
    llm: LlmParameters, monkeypatch: pytest.MonkeyPatch, server_host: ServerHost
) -> None:
    def run(heart: _Heart) -> None:
        def open_chat() -> Chat:
            beating.append(asyncio.get_running_loop().create_task(heart.beat()))
            return Chat(ChatModelSpec(OPENAI_CLASS).build(llm), llm)

        beating: list[asyncio.Task[None]] = []
        with server_host.server(repeated_signs=0.5, fenced_key=0.2, sticky=True, latency_ms=40) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.url)
            calls = (call(f"r{number}", f"Write row {number}.") for number in range(70))
            batches = list(complete(open_chat, calls, policy(16, max_attempts=1)))
            faults = server.stats()["by_fault"]

        completions = [each for batch in batches for each in batch]
        results = {each.request_id: parse(each, Reply) for each in completions}
        causes = Counter(result.cause for result in results.values() if isinstance(result, Problem))
        assert len(results) == len(completions) == 70
        assert sum(causes.values()) == faults["repeated_signs"] + faults["fenced_key"]
        assert causes["invalid_json"] >= faults["fenced_key"] > 5
        assert causes["schema_violation"] > 5  # of the longest ones
        assert len(heart.lags) > 20

    _assert_no_lag(run)


@pytest.mark.parametrize("wanted", [Reply, TaskList, LabelSetReply])
def test_no_step_of_a_recovery_holds_the_interpreter_for_long(wanted: type[Reply | TaskList | LabelSetReply]) -> None:
    parts = [
        *"[{('\"`<\\.-1a\u4e00\u200b \t\n",
        "1. ",
        "- a b c\n",
        "a b c; ",
        "['a', ",
        '["a b c", ',
        "<li>a",
        "1.\u4e00",
        "{ 1 ",
    ]

    async def recover_all(heart: _Heart) -> None:
        beating = asyncio.create_task(heart.beat())
        for part in cases(parts, 3):
            whole = part * (99_000 // len(part))
            for text in (whole, f'{{"tasks": ["{whole}"]}}', json.dumps({"tasks": [whole[:15_000]]})):
                await parse_off_loop(completion(text), wanted)
        beating.cancel()

    _assert_no_lag(lambda heart: asyncio.run(recover_all(heart)))


def test_masking_and_hashing_a_reply_of_megabytes_holds_up_no_other_call() -> None:
    junk = r"\u0041 \x42 and so on " * 240_000  # 4.8 MB; each escape is undone to look for secrets

    def run(heart: _Heart) -> None:
        beating: list[asyncio.Task[None]] = []

        def open_chat() -> Chat:
            beating.append(asyncio.get_running_loop().create_task(heart.beat()))
            return ScriptedChatModel(script=lambda _messages, number: junk if number == 3 else GOOD).as_chat()

        batches = list(complete(open_chat, (call(f"r{number}") for number in range(8)), policy(2, max_attempts=1)))
        assert len([each for batch in batches for each in batch]) == 8

    _assert_no_lag(run)
