"""Interview: rounds of calls that depend on earlier replies, answered from the journal first, then by the model."""

import logging
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

from synthetic_textcat.llm.calls.open_rows import open_rows
from synthetic_textcat.llm.calls.policy import Call, CallPolicy, Judge, judging
from synthetic_textcat.llm.calls.settlement import Settlement, settle
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.engine.engine import Batches, complete_rounds
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.stops import Outage

logger = logging.getLogger(__name__)


class Questions(NamedTuple):
    """Round of calls.

    Attributes:
        calls: Calls that may run concurrently.
        wanted: The model of their replies.
        about: Description of the round for the log.
    """

    calls: list[Call]
    wanted: type[BaseModel]
    about: str


Result = TypeVar("Result")
Conversation = Generator[Questions, Sequence[Settlement[Any]], Result]
"""Yields questions, is sent their settlements, and returns the result."""


class Interview:
    """Conversation with the model; calls with a reply in the journal are not made again.

    Args:
        conversation: Yields the questions.
        journal: Earlier replies.
        max_attempts: Replies per call.
    """

    def __init__(self, conversation: Conversation[Any], journal: Journal, max_attempts: int) -> None:
        self._conversation = conversation
        self._journal = journal
        self._max_attempts = max_attempts
        self._replies: defaultdict[str, list[Completion]] = defaultdict(list)
        self._wanted: dict[str, type[BaseModel]] = {}
        self._tried: set[type[BaseModel]] = set()

    def hold(self, open_chat: Callable[[], Chat], policy: CallPolicy) -> Batches:
        """Makes the calls by the given policy, judging each reply by its round's model; yields completions.

        Returns:
            The outage that stopped the calls early, if any.
        """
        rounds = self._open_calls()
        first = next(rounds, None)
        if first is None:
            return None
        batches = complete_rounds(open_chat, chain([first], rounds), replace(policy, judge=Judge(self._wanted_of)))
        while True:
            try:
                batch = next(batches)
            except StopIteration as end:
                outage: Outage | None = end.value
                return outage
            for completion in batch:
                self._replies[completion.fingerprint].append(completion)
            yield batch

    def _open_calls(self) -> Iterator[Iterator[Call]]:
        """The calls of each round; a round is drawn after all replies of the last one have arrived."""
        try:
            questions = next(self._conversation)
            while True:
                yield iter(self._open_among(questions))
                questions = self._conversation.send(self._settlements(questions))
        except StopIteration:
            return

    def _open_among(self, questions: Questions) -> list[Call]:
        calls, wanted, about = questions
        self._wanted |= {call.fingerprint: wanted for call in calls}
        fingerprints = [call.fingerprint for call in calls]
        still_open = open_rows(fingerprints, self._journal, judging(wanted), self._max_attempts)
        if still_open.rows:
            logger.info("Brainstorming: %d calls for %s", len(still_open.rows), about)
        if still_open.any_good:
            self._tried.add(wanted)
        untried = wanted not in self._tried
        return [replace(calls[row.position], past=row.past, untried=untried) for row in still_open.rows]

    def _settlements(self, questions: Questions) -> list[Settlement[Any]]:
        fingerprints = [call.fingerprint for call in questions.calls]
        before = self._journal.completions(fingerprints)
        return [
            settle(
                sorted([*past, *self._replies[fingerprint]], key=lambda line: line.attempt), judging(questions.wanted)
            )
            for fingerprint, past in zip(fingerprints, before, strict=True)
        ]

    def _wanted_of(self, completion: Completion) -> type[BaseModel]:
        return self._wanted[completion.fingerprint]


def answer_all(conversation: Conversation[Result], answers: Callable[[Questions], Sequence[Settlement[Any]]]) -> Result:
    """The result of a conversation whose questions are answered by a function."""
    try:
        questions = next(conversation)
        while True:
            questions = conversation.send(answers(questions))
    except StopIteration as end:
        found: Result = end.value
        return found
