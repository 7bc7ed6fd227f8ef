"""Which rows are still to be asked for: all, less those that the journal settles."""

from collections.abc import Sequence
from dataclasses import replace
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
    """The rows that are not settled.

    Attributes:
        rows: In order.
        any_good: Whether any row has a good reply: then the settings are right.
        spent: The completions of the run that was named, without their texts.
    """

    rows: list[OpenRow]
    any_good: bool
    spent: Sequence[Completion] = ()


def open_rows(
    fingerprints: Sequence[str],
    journal: Journal,
    wanted: type[BaseModel],
    max_attempts: int,
    spent_by: str | None = None,
) -> OpenRows:
    """What the journal does not settle.

    Found before the first call is made, since going through a long journal would hold up the calls in flight.

    Args:
        fingerprints: The rows' calls.
        journal: With the replies so far.
        wanted: What a good reply is.
        max_attempts: Replies after which a row has failed.
        spent_by: The run whose completions are kept as `spent`.
    """
    judge = judging(wanted)
    found, any_good = [], False
    spent: list[Completion] = []
    for position, (fingerprint, completions) in enumerate(
        zip(fingerprints, journal.completions(fingerprints), strict=True)
    ):
        spent += (replace(each, raw_text="", refusal=None) for each in completions if each.run_id == spent_by)
        settlement = settle(completions, wanted)
        any_good = any_good or settlement.value is not None
        if settlement.is_open(max_attempts):
            judged = ((completion, judge(completion)) for completion in completions if completion.replied)
            past = [(completion, problem) for completion, problem in judged if problem is not None]
            found.append(OpenRow(position, fingerprint, past))
    return OpenRows(found, any_good, spent)
