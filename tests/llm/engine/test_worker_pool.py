"""A queue that knows whether a call is left."""

from collections.abc import Iterator

import pytest

from synthetic_textcat.llm.calls.policy import Call
from synthetic_textcat.llm.engine.worker_pool import CallQueue
from tests.llm.builders import call


def test_it_hands_out_all_calls_in_order_and_knows_the_last_one() -> None:
    queue = CallQueue(call(f"r{row}") for row in range(3))
    seen = []
    while (taken := queue.take()) is not None:
        seen.append((taken.request_id, queue.is_empty))
    assert seen == [("r0", False), ("r1", False), ("r2", True)]
    assert queue.take() is None


def test_an_error_surfaces_when_its_call_is_asked_for_and_again() -> None:
    def calls() -> Iterator[Call]:
        yield call()
        raise KeyError("no prompt")

    queue = CallQueue(calls())
    assert queue.take() is not None
    for _ in range(2):
        with pytest.raises(KeyError):
            queue.take()
