"""Label sets that a model proposes: how many are asked for, what ends it, and what is said."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from synthetic_textcat.errors import FatalAnswerError
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.pipelines.task_ingest.brainstorm.nodes import BrainstormPlan
from tests.llm.builders import BAD
from tests.pipelines.task_ingest.brainstorms import Brainstorm, domain_in, plan, two_tasks

_ONE_LABEL = json.dumps({"labels": [{"name": "one", "description": "It is."}]})


@pytest.fixture
def brainstorm(tmp_path: Path) -> Brainstorm:
    return Brainstorm(tmp_path)


def _many_tasks(messages: Sequence[BaseMessage], number: int, unusable: tuple[str, ...] = (BAD,)) -> str:
    """Six tasks a call, and label sets that are all unusable, each in the next way."""
    if not domain_in(messages):
        return unusable[number % len(unusable)]
    letter = domain_in(messages)
    things = [f"{letter}{place}{letter.lower() * 4}" for place in "qrstuv"]
    return json.dumps({"tasks": [f"Sort {thing} papers by {thing[::-1]}." for thing in things]})


def _two_ways(messages: Sequence[BaseMessage], number: int) -> str:
    return _many_tasks(messages, number, (BAD, _ONE_LABEL))


def _asked(brainstorm: Brainstorm) -> list[str]:
    """The tasks that were asked for a label set."""
    return sorted({line.request_id for line in Journal(brainstorm.path) if line.request_id.startswith("labels ")})


def _plan(num_brainstormed: int = 5, **settings: Any) -> BrainstormPlan:
    return plan(["Sort a bill by payer."], num_brainstormed=num_brainstormed, label_sets="propose", **settings)


def test_a_model_that_proposes_no_usable_label_set_is_left_after_twenty(brainstorm: Brainstorm) -> None:
    with pytest.raises(FatalAnswerError, match="first 20 replies to calls for label sets all failed as invalid_json"):
        brainstorm.ask(_plan(), _many_tasks)
    assert len(_asked(brainstorm)) == 10  # of two replies each
    assert sum(line.request_id.isdigit() for line in Journal(brainstorm.path)) == 4


def test_good_label_sets_of_an_earlier_run_are_a_proof_that_it_can(brainstorm: Brainstorm) -> None:
    brainstorm.ask(_plan(), lambda *given: two_tasks(*given) if not domain_in(given[0]) else _many_tasks(*given))
    assert len(_asked(brainstorm)) == 5
    brainstorm.ask(_plan(20), _many_tasks)
    assert len(_asked(brainstorm)) == 2 * 20 + 20


def test_label_sets_are_asked_for_a_bounded_number_of_tasks_and_nothing_twice(
    brainstorm: Brainstorm, caplog: pytest.LogCaptureFixture
) -> None:
    made = brainstorm.ask(_plan(), _two_ways)
    assert len(_asked(brainstorm)) == 2 * 5 + 20
    assert len(made) == len({(line.fingerprint, line.attempt) for line in made})
    assert brainstorm.ask(_plan(), _two_ways) == []
    with caplog.at_level(logging.WARNING):
        assert brainstorm.tasks(_plan()) == []
    assert "48 tasks found, 0 got a label set, of 5 wanted. Next: see label_set_prompt in the catalog" in caplog.text
    assert "max_calls" not in caplog.text


def test_more_tasks_after_the_bound_keep_the_first_ones_and_ask_nothing_again(brainstorm: Brainstorm) -> None:
    def seldom(messages: Sequence[BaseMessage], number: int) -> str:
        return _two_ways(messages, number) if hash_of(messages) % 9 else two_tasks(messages, number)

    def hash_of(messages: Sequence[BaseMessage]) -> int:
        return sum(map(ord, str(messages[0].content))) if not domain_in(messages) else 1

    first = brainstorm.ask(_plan(), seldom)
    few = brainstorm.tasks(_plan())
    assert 0 < len(few) < 5
    second = brainstorm.ask(_plan(8), seldom)
    assert brainstorm.tasks(_plan(8))[: len(few)] == few
    assert len(_asked(brainstorm)) == 2 * 8 + 20
    assert not {line.fingerprint for line in first} & {line.fingerprint for line in second}
    assert brainstorm.tasks(_plan()) == few


def test_a_cap_among_the_label_sets_is_said(brainstorm: Brainstorm, caplog: pytest.LogCaptureFixture) -> None:
    good = brainstorm.ask(_plan(), two_tasks)
    lines = brainstorm.path.read_bytes().splitlines(keepends=True)
    brainstorm.path.write_bytes(b"".join(lines[: len(good) - 2]))
    with caplog.at_level(logging.WARNING):
        assert len(brainstorm.tasks(_plan())) == 3
    assert "A cap ended brainstorming at 5 of 5 tasks" in caplog.text
    assert "Dropped 2 of 5 brainstormed tasks without a label set: not asked 2" in caplog.text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "Distinct tasks: 10 of 10 in 8 calls"),
        ({"max_calls": 4}, "Distinct tasks: 8 of 10 in 4 calls"),
        ({"label_sets": "propose"}, "Distinct tasks: 10 of 10 in 8 calls, 10 labelled"),
    ],
)
def test_what_it_came_to_is_said_in_one_line(
    brainstorm: Brainstorm, caplog: pytest.LogCaptureFixture, settings: dict[str, Any], said: str
) -> None:
    asked = plan(**settings)
    brainstorm.ask(asked)
    with caplog.at_level(logging.INFO):
        brainstorm.tasks(asked)
        brainstorm.collect(plan(["Sort a bill."], num_brainstormed=0))
    lines = [record.message for record in caplog.records if record.message.startswith("Distinct")]
    assert lines == [said]
    assert len(said) <= 80 - len("[11/23/26 02:45:18] INFO     ")
