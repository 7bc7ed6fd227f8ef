"""From the text of a reply to the object that was asked for, or to why not: a pure function that never raises.

The length of a text is bounded here, and the work on it by a budget of steps (`work_budget`). Both are counted, not
timed, so a verdict is the same on any machine. Nothing is evaluated.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from synthetic_textcat.llm.json_recovery import json_values, unwrapped, whole_value
from synthetic_textcat.llm.kept_text import MOST_OF_A_REPLY, length_before
from synthetic_textcat.llm.list_recovery import lists
from synthetic_textcat.llm.literals import is_closed
from synthetic_textcat.llm.recovery import Recovery
from synthetic_textcat.llm.work_budget import WorkLimitError
from synthetic_textcat.schemas.replies import LabelSet, Problem, TaskList
from synthetic_textcat.text.unicode_unicode import speakable
from synthetic_textcat.text.visible_text import single_line

Wanted = TypeVar("Wanted", bound=BaseModel)
Found = TypeVar("Found")

LONGEST_DETAIL = 200
_LONGEST_AT_ONCE = 20_000  # characters that are decoded in a fraction of a millisecond
_FORMS: dict[type[BaseModel], str] = {TaskList: "JSON list", LabelSet: "whole JSON object"}


def read(text: str, wanted: type[Wanted], cut: bool) -> Wanted | Problem:
    """What the text holds, recovered if need be.

    Args:
        text: The reply.
        wanted: The model of what was asked for.
        cut: Whether the reply was cut at the token limit.
    """
    return too_long(text) or _told(_guarded(_recovered, text, wanted, cut), cut)


def too_long(text: str) -> Problem | None:
    """What is wrong with a text that has too many characters to be read, whatever they are."""
    if len(text) <= MOST_OF_A_REPLY:
        return None
    length = length_before(text) or len(text)
    return Problem("schema_violation", f"the reply has {length:,} characters; at most {MOST_OF_A_REPLY:,} are read")


def read_at_once(text: str, wanted: type[Wanted], cut: bool) -> Wanted | Problem | None:
    """The same where it takes well under a millisecond: a row that is whole JSON, or has no JSON at all; else None."""
    if wanted in _FORMS or len(text) > _LONGEST_AT_ONCE:
        return None
    found = _guarded(_whole, text, wanted, cut)
    return None if found is None else _told(found, cut)


def _told(found: Wanted | Problem, cut: bool) -> Wanted | Problem:
    if cut and isinstance(found, Problem):
        return Problem("truncated", "the reply was cut at the token limit; raise llm.max_tokens")
    return found


def _guarded(step: Callable[..., Found], text: str, wanted: type[BaseModel], cut: bool) -> Found | Problem:
    """The one guard around all that reads outside text: whatever is raised becomes a failure cause with its words."""
    try:
        return step(text, wanted, cut)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of pydantic's core is no Exception
        words = speakable(single_line(f"{type(error).__name__}: {error}"))
        return Problem("invalid_json", f"the reply broke the parser: {words}"[:LONGEST_DETAIL])


def _whole(text: str, wanted: type[Wanted], _: bool) -> Wanted | Problem | None:
    value = whole_value(text)
    if value is None:
        return None if "{" in text else _nothing(wanted)
    found = unwrapped(value, wanted.model_fields.keys())
    return _nothing(wanted) if found is None else _validated(found, wanted)


def _recovered(text: str, wanted: type[Wanted], cut: bool) -> Wanted | Problem:
    """The first reading of the text that validates; else what is wrong with the first reading there is.

    Where the repair library broke, it is no reading at all: what else was found is a fragment.
    """
    problem: Problem | None = None
    recovery = Recovery()
    try:
        for value in _readings(text, wanted, cut, recovery):
            recovery.weigh(value)
            found = _validated(value, wanted)
            if not isinstance(found, Problem):
                return found
            problem = problem or found
    except WorkLimitError as limit:
        return problem or _nothing(wanted, f"gave up after {limit}")
    if recovery.error:
        return _nothing(wanted, recovery.error)
    return problem or _nothing(wanted, recovery.limit)


def _readings(text: str, wanted: type[BaseModel], cut: bool, recovery: Recovery) -> Iterator[dict[str, Any]]:
    """What the text may hold, the likeliest first.

    A list is worth having in any form; a row has to be an object. A label set that was torn is none: the rest would be
    a smaller set, with a gap.
    """
    fields = wanted.model_fields.keys()
    if wanted is TaskList:
        return ({"tasks": items} for items in lists(text, "tasks", cut, recovery))
    if wanted is LabelSet and not is_closed(text):
        return (value for value in json_values(text, fields, False, recovery) if fields & value.keys())
    return json_values(text, fields, not cut, recovery)


def _validated(value: dict[str, Any], wanted: type[Wanted]) -> Wanted | Problem:
    try:
        return wanted.model_validate(speakable(value))
    except ValidationError as error:
        return Problem("schema_violation", _in_one_line(error))


def _nothing(wanted: type[BaseModel], why: str = "") -> Problem:
    words = f"no {_FORMS.get(wanted, 'JSON object')} in the reply"
    return Problem("invalid_json", str(speakable(f"{words}; {why}" if why else words))[:LONGEST_DETAIL])


def _in_one_line(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, x['loc']))}: {x['msg'].lower()}" for x in problems)[:LONGEST_DETAIL]
