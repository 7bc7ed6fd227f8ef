"""Which rows are still to be asked for: all, less those that the journal settles."""

from collections.abc import Sequence

from pydantic import BaseModel

from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.retries import judging
from synthetic_textcat.llm.settlement import settle
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Problem

Past = list[tuple[Completion, Problem]]
"""The replies that a row has so far, each with why it was no good."""


def open_rows(
    fingerprints: Sequence[str], journal: Journal, wanted: type[BaseModel], max_attempts: int
) -> dict[int, Past]:
    """The positions of the rows that are not settled, in order, each with its replies so far.

    Found before the first call is made, since going through a long journal would hold up the calls in flight.
    """
    judge = judging(wanted)
    found: dict[int, Past] = {}
    for position, completions in enumerate(journal.completions(fingerprints)):
        if settle(completions, wanted).is_open(max_attempts):
            judged = ((completion, judge(completion)) for completion in completions if completion.replied)
            found[position] = [(completion, problem) for completion, problem in judged if problem is not None]
    return found
