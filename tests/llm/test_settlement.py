"""One rule for what a row's completions come to."""

import pytest

from synthetic_textcat.llm.settlement import settle
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Problem, Reply
from tests.llm.builders import BAD, completion, no_reply


def _reply(text: str, attempt: int = 1) -> Completion:
    return completion(f'{{"input_text": "{text}", "label": "A", "misleading_label": "B"}}', attempt=attempt)


def test_the_first_attempt_that_parses_wins() -> None:
    completions = [completion(BAD), _reply("second", 2), _reply("third", 3)]
    settlement = settle(completions, Reply)
    assert settlement.value is not None
    assert settlement.value.input_text == "second"
    assert settlement.completion is completions[1]
    assert settlement.problem is None
    assert settlement.replies == 3


def test_of_two_replies_to_one_attempt_the_first_wins() -> None:
    settlement = settle([_reply("first"), _reply("again")], Reply)
    assert settlement.value is not None
    assert settlement.value.input_text == "first"


def test_a_good_reply_counts_after_calls_that_brought_none() -> None:
    assert settle([no_reply(), _reply("here")], Reply).value is not None
    assert settle([_reply("here"), no_reply()], Reply).value is not None


def test_without_completions_there_is_neither_value_nor_problem_and_the_row_is_open() -> None:
    settlement = settle([], Reply)
    assert (settlement.value, settlement.problem, settlement.completion) == (None, None, None)
    assert settlement.is_open(1)


def test_the_problem_is_the_last_ones() -> None:
    settlement = settle([completion(BAD), completion("{}", attempt=2)], Reply)
    assert settlement.problem is not None
    assert settlement.problem.cause == "schema_violation"


def test_a_transport_failure_at_the_end_is_the_cause_and_leaves_the_row_open() -> None:
    settlement = settle([completion(BAD), no_reply("rate_limited", attempt=2)], Reply)
    assert settlement.problem == Problem("rate_limited", "it failed")
    assert settlement.is_open(2)


def test_calls_that_brought_no_reply_use_no_attempt_up() -> None:
    settlement = settle([no_reply() for _ in range(9)], Reply)
    assert settlement.replies == 0
    assert settlement.is_open(1)


@pytest.mark.parametrize(("max_attempts", "is_open"), [(1, False), (2, False), (3, True)])
def test_a_row_is_open_until_its_replies_are_used_up(max_attempts: int, is_open: bool) -> None:
    settlement = settle([completion(BAD), completion(BAD, attempt=2)], Reply)
    assert settlement.is_open(max_attempts) is is_open


def test_a_row_with_a_value_is_never_open() -> None:
    assert not settle([_reply("here")], Reply).is_open(20)
