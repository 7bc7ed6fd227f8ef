"""From the raw text of a reply to the object that was asked for, or to the cause why not. Never evaluates anything."""

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from synthetic_textcat.llm.json_recovery import json_values
from synthetic_textcat.llm.kept_text import MOST_OF_A_REPLY, length_before
from synthetic_textcat.llm.list_recovery import lists
from synthetic_textcat.llm.literals import is_closed
from synthetic_textcat.llm.unicode import speakable
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import LabelSet, Problem, TaskList

Wanted = TypeVar("Wanted", bound=BaseModel)

_LONGEST_DETAIL = 200
_FORMS: dict[type[BaseModel], str] = {TaskList: "JSON list", LabelSet: "whole JSON object"}


def parse(completion: Completion, wanted: type[Wanted]) -> Wanted | Problem:
    """What a reply holds: the wanted object, recovered if need be, or the failure cause with its words."""
    if not completion.replied:
        return Problem(completion.status, str(speakable(completion.error or "")))
    if completion.refusal:
        return Problem("refused", str(speakable(str(completion.refusal)[:_LONGEST_DETAIL])))
    if completion.finish_reason == "content_filter":
        said = f": {speakable(completion.error[:_LONGEST_DETAIL])}" if completion.error else ""
        return Problem("content_filtered", f"the server's content filter stopped the reply{said}")
    if (length := length_before(completion.raw_text)) is not None:
        return Problem("schema_violation", f"the reply has {length:,} characters; at most {MOST_OF_A_REPLY:,} are read")
    cut = completion.finish_reason == "length"
    found = _found(completion.raw_text, wanted, cut)
    if cut and isinstance(found, Problem):
        return Problem("truncated", "the reply was cut at the token limit; raise llm.max_tokens")
    return found


def _found(text: str, wanted: type[Wanted], cut: bool) -> Wanted | Problem:
    """The first reading of the text that validates; else what is wrong with the first reading there is."""
    problem: Problem | None = None
    for value in _readings(text, wanted, cut):
        try:
            return wanted.model_validate(speakable(value))
        except ValidationError as error:
            problem = problem or Problem("schema_violation", _in_one_line(error))
    return problem or Problem("invalid_json", f"no {_FORMS.get(wanted, 'JSON object')} in the reply")


def _readings(text: str, wanted: type[BaseModel], cut: bool) -> Iterator[dict[str, Any]]:
    """What the text may hold, the likeliest first.

    A list is worth having in any form; a row has to be an object. A label set that was torn is none: the rest would be
    a smaller set, with a gap.
    """
    fields = set(wanted.model_fields)
    if wanted is TaskList:
        return ({"tasks": items} for items in lists(text, "tasks", cut))
    if wanted is LabelSet and not is_closed(text):
        return (value for value in json_values(text, fields, repair=False) if fields & value.keys())
    return json_values(text, fields, repair=not cut)


def _in_one_line(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, x['loc']))}: {x['msg'].lower()}" for x in problems)[:_LONGEST_DETAIL]
