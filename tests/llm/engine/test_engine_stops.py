"""How the engine ends: fatal answers, broken calls, interrupts, and two runs in one process."""

import asyncio
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult

from synthetic_textcat.errors import (
    BadRequestError,
    FatalAnswerError,
    ModelSetupError,
    TransportError,
    UnreachableError,
)
from synthetic_textcat.llm.calls.policy import Call, Judge
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.engine.engine import complete, give_up
from synthetic_textcat.schemas.completions import Completion, Reply
from synthetic_textcat.schemas.outcomes import TRANSPORT_CAUSES
from tests.llm.builders import BAD, call
from tests.llm.running import AT_ONCE, policy, run
from tests.support.chat_models import GOOD, ScriptedChatModel

_NO_SERVER = UnreachableError("No server answers: connection refused. Next: start it, or set OPENAI_BASE_URL")


def _raising(error: Exception, at: int) -> Callable[[Sequence[BaseMessage], int], str]:
    def script(_: Sequence[BaseMessage], number: int) -> str:
        if number == at:
            raise error
        return GOOD

    return script


def _until_error(batches: Iterator[list[Completion]]) -> tuple[list[Completion], BaseException | None]:
    seen: list[Completion] = []
    try:
        for batch in batches:
            seen.extend(batch)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
        return seen, error
    return seen, None


def _calls(number: int) -> list[Call]:
    return [call(f"r{place}") for place in range(number)]


@pytest.mark.parametrize("error", [_NO_SERVER, FatalAnswerError("The server refuses the key")])
def test_the_first_call_goes_alone_so_that_one_call_tells_of_a_dead_server(error: Exception) -> None:
    model = ScriptedChatModel(script=_raising(error, at=0), delay_s=0.05)
    seen, raised = _until_error(complete(model.as_chat, iter(_calls(50)), policy(10)))
    assert isinstance(raised, FatalAnswerError)
    assert len(model.heard) == 1
    assert seen == []


def test_a_bad_request_is_fatal_for_the_first_call_and_one_rows_fault_after_others_went_well() -> None:
    bad = BadRequestError("The server calls the request bad")
    first = ScriptedChatModel(script=_raising(bad, at=0))
    _, raised = _until_error(complete(first.as_chat, iter(_calls(5)), policy(2)))
    assert isinstance(raised, BadRequestError)
    assert len(first.heard) == 1

    later = ScriptedChatModel(script=_raising(bad, at=3))
    assert sorted(x.status for x in run(later, _calls(10))) == [*["replied"] * 9, "server_error"]


def test_a_long_bad_reply_does_not_go_back_whole() -> None:
    replies = iter(["x" * 50_000, GOOD])
    model = ScriptedChatModel(script=lambda _messages, _number: next(replies))
    assert len(run(model, _calls(1))) == 2
    assert sum(len(str(message.content)) for message in model.heard[1]) < 3_000


def test_a_dead_server_is_told_with_what_to_do() -> None:
    model = ScriptedChatModel(script=_raising(_NO_SERVER, at=0))
    with pytest.raises(
        FatalAnswerError, match=r"No server answers: connection refused\. Next: start it, or set OPENAI"
    ):
        run(model, _calls(2))


def test_a_connection_that_breaks_later_fails_only_its_own_row() -> None:
    model = ScriptedChatModel(script=_raising(_NO_SERVER, at=3))
    assert sorted(x.status for x in run(model, _calls(10))) == ["connection_error", *["replied"] * 9]


@pytest.mark.parametrize("cause", TRANSPORT_CAUSES)
def test_a_first_answer_that_fails_in_another_way_lets_the_others_begin(cause: str) -> None:
    model = ScriptedChatModel(script=_raising(TransportError(cause, "it broke"), at=0))
    assert [x.status for x in run(model, _calls(3), max_concurrency=2)].count("replied") == 2


def test_what_was_in_flight_at_a_fatal_answer_is_handed_on_before_the_error() -> None:
    fatal = FatalAnswerError("The account's quota is used up")
    model = ScriptedChatModel(script=_raising(fatal, at=2), delay_s=lambda number: 0.02 if number == 2 else 0.3)
    seen, raised = _until_error(complete(model.as_chat, iter(_calls(50)), policy(4)))
    assert raised is fatal
    begun = len(model.heard)
    assert begun < 10
    assert len({x.request_id for x in seen}) == len(seen) == begun - 1


def test_after_a_fatal_answer_no_bad_reply_is_asked_again() -> None:
    def script(_: Sequence[BaseMessage], number: int) -> str:
        if number == 2:
            raise FatalAnswerError("over")
        return GOOD if number == 0 else BAD

    model = ScriptedChatModel(script=script, delay_s=lambda number: 0.02 if number == 2 else 0.2)
    _until_error(complete(model.as_chat, iter(_calls(50)), policy(3)))
    assert all(len(messages) == 1 for messages in model.heard)


def test_an_error_of_the_calls_themselves_surfaces_after_what_was_paid_for() -> None:
    def calls() -> Iterator[Call]:
        yield from _calls(5)
        raise KeyError("a prompt that can't be rendered")

    seen, raised = _until_error(complete(ScriptedChatModel().as_chat, calls(), policy(2)))
    assert isinstance(raised, KeyError)
    assert len(seen) == 5


def test_an_error_of_the_very_first_call_surfaces() -> None:
    def unknown(number: int) -> Call:
        raise KeyError(number)

    with pytest.raises(KeyError):
        list(complete(ScriptedChatModel().as_chat, map(unknown, range(3)), policy(2)))


def test_a_model_that_can_not_be_built_surfaces() -> None:
    def broken() -> Chat:
        raise ModelSetupError("no key")

    with pytest.raises(ModelSetupError, match="no key"):
        list(complete(broken, iter(_calls(2)), policy(2)))


def test_an_error_that_no_client_documents_fails_only_its_own_row() -> None:
    model = ScriptedChatModel(script=_raising(TypeError("no choices in the body"), at=3))
    completions = run(model, _calls(6))
    assert sorted(x.status for x in completions) == [*["replied"] * 5, "server_error"]
    assert "the client library fails with TypeError: no choices in the body" in {x.error for x in completions}


def test_it_works_twice_in_one_process_and_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    for _ in range(2):
        assert len(run(ScriptedChatModel(), _calls(10))) == 10
    assert threading.active_count() == before


def test_it_works_where_an_event_loop_is_running_as_in_a_notebook() -> None:
    async def cell() -> int:
        return len(run(ScriptedChatModel(delay_s=0.001), _calls(10)))

    assert asyncio.run(cell()) == 10


def test_it_works_outside_the_main_thread() -> None:
    numbers: list[int] = []
    thread = threading.Thread(target=lambda: numbers.append(len(run(ScriptedChatModel(), _calls(10)))))
    thread.start()
    thread.join(10)
    assert numbers == [10]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_first_hands_on_what_has_arrived(number: signal.Signals) -> None:
    handler = signal.getsignal(number)
    model = ScriptedChatModel(delay_s=0.005)

    def saved_slowly() -> Iterator[list[Completion]]:
        for place, batch in enumerate(complete(model.as_chat, iter(_calls(1000)), policy(2))):
            if place == 0:
                time.sleep(0.1)  # more arrives meanwhile
                os.kill(os.getpid(), number)
            yield batch

    seen, raised = _until_error(saved_slowly())
    assert isinstance(raised, KeyboardInterrupt)
    assert len(model.heard) - 2 <= len(seen) <= len(model.heard) < 1000
    assert signal.getsignal(number) is handler


def test_after_a_failed_save_nothing_more_is_asked_whoever_holds_on_to_the_generator() -> None:
    model = ScriptedChatModel(delay_s=0.01)
    batches = complete(model.as_chat, iter(_calls(5000)), policy(4))
    next(batches)
    give_up()
    time.sleep(0.2)
    asked = len(model.heard)
    time.sleep(0.5)
    assert len(model.heard) == asked < 1000
    batches.close()


def test_a_bad_request_is_fatal_only_where_nothing_went_well_before() -> None:
    refused = BadRequestError("The conversation is too long")
    model = ScriptedChatModel(script=_raising(refused, at=0))
    tried = (replace(each, untried=False) for each in _calls(3))
    made = [line for batch in complete(model.as_chat, tried, policy(2)) for line in batch]
    assert sorted(line.status for line in made) == ["replied", "replied", "server_error"]
    again = ScriptedChatModel(script=_raising(refused, at=0))
    with pytest.raises(BadRequestError):
        list(complete(again.as_chat, iter(_calls(3)), policy(2)))


class _OddError(BaseException):
    """An exception that `except Exception` does not see."""


@pytest.mark.parametrize(
    "odd",
    [_OddError, asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit, RecursionError, StopIteration],
)
def test_whatever_a_model_class_raises_is_its_own_rows_failure(odd: type[BaseException]) -> None:
    def script(_: Sequence[BaseMessage], number: int) -> str:
        if number == 3:
            raise odd("from the client")
        return GOOD

    completions = _within(20, lambda: run(ScriptedChatModel(script=script), _calls(10)))
    assert sorted(x.status for x in completions) == [*["replied"] * 9, "server_error"]
    (error,) = [x.error for x in completions if x.error]
    assert odd.__name__ in error or odd is StopIteration  # which a coroutine turns into a RuntimeError


def test_an_exit_in_a_task_of_the_clients_own_ends_nothing() -> None:
    async def leave() -> None:
        raise SystemExit(3)

    left = []

    class Leaving(ScriptedChatModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
            left.append(asyncio.ensure_future(leave()))
            return await super()._agenerate(*args, **kwargs)

    assert len(_within(20, lambda: run(Leaving(delay_s=0.01), _calls(6)))) == 6
    assert all(isinstance(task.exception(), SystemExit) for task in left)


def test_an_error_of_our_own_judging_is_its_rows_loss_and_of_twenty_rows_in_a_row_the_end() -> None:
    def wanted(completion: Completion) -> type[Reply]:
        if completion.request_id in broken:
            raise ZeroDivisionError("a bug")
        return Reply

    broken = {"r3"}
    own = replace(policy(2, max_attempts=2), judge=Judge(wanted))
    seen, raised = _until_error(complete(ScriptedChatModel().as_chat, iter(_calls(10)), own))
    assert raised is None
    assert len(seen) == 11  # that row was asked again, told what was wrong

    broken = {f"r{row}" for row in range(5, 500)}
    seen, raised = _until_error(complete(ScriptedChatModel().as_chat, iter(_calls(500)), own))
    assert isinstance(raised, ZeroDivisionError)
    assert len(seen) < 60


def test_a_call_that_never_ends_is_ended_by_its_deadline_and_asked_again() -> None:
    model = ScriptedChatModel(delay_s=lambda number: 60.0 if number == 3 else 0.0)
    own = replace(policy(2, retries=AT_ONCE), deadline_s=0.3)
    seen, raised = _until_error(complete(model.as_chat, iter(_calls(6)), own))
    assert raised is None
    assert Counter(x.status for x in seen) == {"replied": 6, "timeout": 1}
    assert {x.error for x in seen} == {None, "no whole reply within 0.3 s, the timeout of llm"}


def _within(seconds: float, work: Callable[[], list[Completion]]) -> list[Completion]:
    """What the work gives, in a thread: an engine that hangs fails one test, and not the suite."""
    done: list[list[Completion]] = []
    thread = threading.Thread(target=lambda: done.append(work()), daemon=True)
    thread.start()
    thread.join(seconds)
    assert done, "it hangs, or raised"
    return done[0]
