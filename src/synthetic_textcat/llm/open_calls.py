"""Which rows are still to be asked for: all, less those that the journal settles."""

from collections.abc import Sequence

from pydantic import BaseModel

from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.parsing import parse
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
    found: dict[int, Past] = {}
    for position, completions in enumerate(journal.completions(fingerprints)):
        if settle(completions, wanted).is_open(max_attempts):
            parsed = ((completion, parse(completion, wanted)) for completion in completions if completion.replied)
            found[position] = [(completion, result) for completion, result in parsed if isinstance(result, Problem)]
    return found
