"""Which calls are still to be made: all, less what the journal answers."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import tee

from pydantic import BaseModel

from synthetic_textcat.llm.crew import Call
from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.parsing import parse
from synthetic_textcat.llm.settlement import settle
from synthetic_textcat.schemas.replies import Problem


def open_calls(calls: Iterable[Call], journal: Journal, wanted: type[BaseModel], max_attempts: int) -> Iterator[Call]:
    """The calls whose rows are not settled, each with its bad replies so far."""
    asked, named = tee(calls)
    for call, completions in zip(asked, journal.completions(x.fingerprint for x in named), strict=True):
        if not settle(completions, wanted).is_open(max_attempts):
            continue
        parsed = ((completion, parse(completion, wanted)) for completion in completions if completion.replied)
        yield replace(
            call, past=[(completion, problem) for completion, problem in parsed if isinstance(problem, Problem)]
        )
