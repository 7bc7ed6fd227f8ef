"""Which rows are still to be asked for: all, less those that the journal settles."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel

from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.retries import judging
from synthetic_textcat.llm.settlement import settle
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Problem

Past = list[tuple[Completion, Problem]]
"""The replies that a row has so far, each with why it was no good."""


class OpenRow(NamedTuple):
    """A row that is not settled.

    Attributes:
        position: Its place among the rows.
        fingerprint: Its call's.
        past: Its replies so far.
    """

    position: int
    fingerprint: str
    past: Past


class OpenRows(NamedTuple):
    """The rows that are not settled, in order, and whether any row has a good reply: then the settings are right."""

    rows: list[OpenRow]
    any_good: bool


def open_rows(fingerprints: Sequence[str], journal: Journal, wanted: type[BaseModel], max_attempts: int) -> OpenRows:
    """What the journal does not settle.

    Found before the first call is made, since going through a long journal would hold up the calls in flight.
    """
    judge = judging(wanted)
    found, any_good = [], False
    for position, (fingerprint, completions) in enumerate(
        zip(fingerprints, journal.completions(fingerprints), strict=True)
    ):
        settlement = settle(completions, wanted)
        any_good = any_good or settlement.value is not None
        if settlement.is_open(max_attempts):
            judged = ((completion, judge(completion)) for completion in completions if completion.replied)
            past = [(completion, problem) for completion, problem in judged if problem is not None]
            found.append(OpenRow(position, fingerprint, past))
    return OpenRows(found, any_good)
