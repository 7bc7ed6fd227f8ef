"""From calls to completions: each call once, so many at a time, bad replies asked again.

No more calls in flight than there can be connections.
"""

import gc
import os
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

import pytest
from langchain_core.messages import BaseMessage

from synthetic_textcat.errors import TransportError
from synthetic_textcat.llm.calls.policy import Call, RetryPolicy, judging
from synthetic_textcat.llm.engine.engine import complete, fitted, rare_collections
from synthetic_textcat.llm.prompts.messages import messages_sha256, wire_form
from synthetic_textcat.schemas.completions import Completion, Reply
from synthetic_textcat.schemas.parameters import GenerationParameters
from tests.llm.builders import BAD, call, no_reply
from tests.llm.builders import completion as past_completion
from tests.llm.running import AT_ONCE, policy, run
from tests.support.chat_models import GOOD, ScriptedChatModel, last_words


def _calls(number: int) -> list[Call]:
    return [call(f"r{place}") for place in range(number)]


def _errs_at(numbers: set[int], reply: str | Exception) -> Callable[[Sequence[BaseMessage], int], str]:
    def script(_: Sequence[BaseMessage], number: int) -> str:
        if number not in numbers:
            return GOOD
        if isinstance(reply, Exception):
            raise reply
        return reply

    return script


@pytest.mark.parametrize("concurrency", [1, 50])
def test_every_call_is_answered_once(concurrency: int) -> None:
    model = ScriptedChatModel(delay_s=lambda _: random.uniform(0, 0.01))
    completions = run(model, _calls(40), concurrency)
    assert Counter(x.request_id for x in completions) == Counter(f"r{place}" for place in range(40))
    assert len(model.heard) == 40
    assert {(x.status, x.attempt, x.run_id, x.raw_text) for x in completions} == {("replied", 1, "run-7", GOOD)}


@pytest.mark.parametrize("concurrency", [1, 2, 7])
def test_as_many_calls_are_in_flight_as_allowed_and_never_more(concurrency: int) -> None:
    model = ScriptedChatModel(delay_s=0.02)
    run(model, _calls(20), concurrency)
    assert model.most_in_flight == concurrency


def test_without_calls_no_model_is_built() -> None:
    def never() -> None:
        raise AssertionError("built a model without a call to make")

    assert list(complete(never, iter([]), policy(4))) == []  # type: ignore[arg-type]


def test_a_bad_reply_is_asked_again_with_what_was_wrong() -> None:
    model = ScriptedChatModel(script=_errs_at({0}, BAD))
    first, second = run(model, [call("r0", "Write.")], retry="show_reply")
    assert (first.raw_text, first.attempt) == (BAD, 1)
    assert (second.raw_text, second.attempt) == (GOOD, 2)
    assert wire_form(model.heard[1]) == [
        {"role": "user", "content": "Write."},
        {"role": "assistant", "content": BAD},
        {"role": "user", "content": "Wrong (invalid_json): no JSON object in the reply."},
    ]


@pytest.mark.parametrize(
    ("retry", "seeds", "lengths"),
    [("show_reply", [7, 7, 7], [1, 3, 5]), ("ask_again", [7, 8, 9], [1, 1, 1])],
)
def test_further_attempts_have_other_seeds_unless_they_show_the_bad_reply(
    retry: str, seeds: list[int], lengths: list[int]
) -> None:
    model = ScriptedChatModel(script=lambda _messages, _number: BAD)
    lines = run(model, [call()], retry=retry)
    assert [body["seed"] for body in model.bodies] == seeds
    assert list(map(len, model.heard)) == lengths
    assert [line.prompt_sha256 for line in lines] == list(map(messages_sha256, model.heard))
    assert [line.attempt for line in lines] == [1, 2, 3]
    assert len({line.fingerprint for line in lines}) == 1


@pytest.mark.parametrize("max_attempts", [1, 2, 5])
def test_a_reply_that_stays_bad_is_asked_max_attempts_times(max_attempts: int) -> None:
    model = ScriptedChatModel(script=lambda _, number: f"{BAD} {number}")
    completions = run(model, [call()], max_attempts=max_attempts, retry="show_reply")
    assert [x.attempt for x in completions] == list(range(1, max_attempts + 1))
    assert len(model.heard[-1]) == 2 * max_attempts - 1


def test_a_row_goes_on_from_its_past() -> None:
    bad = past_completion(BAD)
    problem = judging(Reply)(bad)
    assert problem is not None
    open_call = Call("r0", bad.fingerprint, call("r0", "Write.").messages, {}, 7, past=[(bad, problem)])
    model = ScriptedChatModel()
    (completion,) = run(model, [open_call], retry="show_reply")
    assert completion.attempt == 2
    assert wire_form(model.heard[0])[1] == {"role": "assistant", "content": BAD}


@pytest.mark.parametrize("cause", ["rate_limited", "timeout", "server_error", "connection_error"])
def test_a_call_without_a_reply_is_a_line_and_its_retry_another(cause: str) -> None:
    model = ScriptedChatModel(script=_errs_at({1, 2}, TransportError(cause, "it failed")))
    completions = run(model, _calls(3), max_concurrency=1, retries=AT_ONCE)
    failed = completions[1]
    assert [x.status for x in completions] == ["replied", cause, cause, "replied", "replied"]
    assert [(x.request_id, x.attempt) for x in completions[1:4]] == [("r1", 1)] * 3
    assert (failed.raw_text, failed.error) == ("", "it failed")
    assert judging(Reply)(failed) == judging(Reply)(no_reply(cause))


def test_a_row_without_a_reply_after_all_retries_is_left_to_the_next_run() -> None:
    model = ScriptedChatModel(script=_errs_at({1, 2, 3}, TransportError("timeout", "it failed")))
    completions = run(model, _calls(3), 1, retries=RetryPolicy(max_retries=2, jitter=lambda: 0.0))
    assert [x.request_id for x in completions] == ["r0", "r1", "r1", "r1", "r2"]


def test_a_server_that_asks_for_a_wait_gets_it_and_one_that_asks_for_too_long_a_one_costs_the_row() -> None:
    for told, requests in ((0.3, 2), (900.0, 1)):
        model = ScriptedChatModel(script=_errs_at({0}, TransportError("rate_limited", "slow down", told)))
        begun = time.monotonic()
        assert len(run(model, _calls(1), retries=RetryPolicy())) == requests
        assert told > 1 or time.monotonic() - begun >= told


def test_what_is_recorded_is_the_hash_of_what_the_model_was_given() -> None:
    model = ScriptedChatModel(script=lambda _, number: BAD if number % 3 == 0 else GOOD, delay_s=0.001)
    completions = run(model, _calls(12), max_concurrency=5, retry="show_reply")
    given = Counter(messages_sha256(messages) for messages in model.heard)
    assert Counter(x.prompt_sha256 for x in completions) == given
    assert len(given) == len(completions)


def test_each_row_sends_its_own_seed_and_schema() -> None:
    model = ScriptedChatModel()
    run(model, [call()])
    assert model.bodies[0]["seed"] == 7
    assert model.bodies[0]["response_format"] == {"type": "json_schema", "json_schema": call().schema}


def test_a_slow_reader_loses_nothing_keeps_the_order_within_a_row_and_holds_the_workers_back() -> None:
    model = ScriptedChatModel(script=lambda messages, _: GOOD if "Wrong" in last_words(messages) else BAD)
    seen: list[Completion] = []
    most_ahead = 0
    for batch in complete(model.as_chat, iter(_calls(300)), policy(8, retry="show_reply")):
        time.sleep(0.0 if seen else 1.0)
        seen.extend(batch)
        most_ahead = max(most_ahead, len(model.heard) - len(seen))
    attempts: dict[str, list[int]] = {}
    for completion in seen:
        attempts.setdefault(completion.request_id, []).append(completion.attempt)
    assert attempts == {f"r{place}": [1, 2] for place in range(300)}
    assert 0 < most_ahead <= 256 + 8


def test_rows_are_handed_on_while_others_are_still_asked() -> None:
    model = ScriptedChatModel(delay_s=lambda number: 1.2 if number == 1 else 0.0)
    batches = complete(model.as_chat, iter(_calls(5)), policy(2))
    assert "r1" not in {x.request_id for x in next(batches)}
    assert [x.request_id for batch in batches for x in batch][-1] == "r1"


def test_calls_are_taken_as_workers_get_free_and_not_all_at_once() -> None:
    taken: list[str] = []

    def calls() -> Iterator[Call]:
        for place in range(10_000):
            taken.append(f"r{place}")
            yield call(f"r{place}")

    model = ScriptedChatModel(delay_s=0.01)
    batches = complete(model.as_chat, calls(), policy(3))
    seen = len(next(batches))
    batches.close()
    assert seen <= len(taken) < 1_000


@contextmanager
def _limited(soft: int) -> Iterator[None]:
    """A lower soft limit; the hard one can't be raised again, so it stays."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_soft_limit_is_raised_to_the_hard_one(caplog: pytest.LogCaptureFixture) -> None:
    wanted = GenerationParameters.model_validate({"max_concurrency": 300})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with _limited(256):
        assert fitted(wanted) is wanted
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    assert not caplog.records


@pytest.mark.parametrize("is_full", [False, True])
def test_in_a_process_of_a_low_hard_limit_concurrency_is_fitted(is_full: bool) -> None:
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:  # a hard limit can't be raised again
        try:
            os.closerange(3, writer)  # however many the tests before it have left open
            os.closerange(writer + 1, 10_000)
            resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
            if is_full:
                with suppress(OSError):
                    while True:
                        os.open(os.devnull, os.O_WRONLY)
            wanted = GenerationParameters.model_validate({"max_concurrency": 300, "max_attempts": 2})
            found = fitted(wanted)
            os.write(writer, f"{found.max_concurrency} {found.max_attempts}".encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        concurrency, attempts = map(int, pipe.read().split())
    assert concurrency == 1 if is_full else 1 < concurrency < 128 - 32
    assert attempts == 2


@pytest.mark.parametrize("has_frozen", [True, False])
def test_garbage_collection_is_afterwards_as_it_was(has_frozen: bool) -> None:
    gc.freeze() if has_frozen else gc.unfreeze()
    before, threshold = gc.get_freeze_count(), gc.get_threshold()
    try:
        with rare_collections():
            assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == threshold
        assert (gc.get_freeze_count() > before / 2) == has_frozen
    finally:
        gc.unfreeze()  # else each later test would count frozen objects


def test_garbage_collection_is_as_it_was_once_the_last_of_overlapping_engines_has_ended() -> None:
    before = gc.get_threshold()
    gc.set_threshold(701, *before[1:])
    try:
        first, second = ExitStack(), ExitStack()
        first.enter_context(rare_collections())
        second.enter_context(rare_collections())
        first.close()
        assert gc.get_threshold()[0] > 701
        assert gc.get_freeze_count() > 0
        second.close()
        assert (gc.get_threshold()[0], gc.get_freeze_count()) == (701, 0)
    finally:
        gc.set_threshold(*before)
