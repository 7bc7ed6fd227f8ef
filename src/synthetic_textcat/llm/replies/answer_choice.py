"""Choice of the answer in a reply: validates its objects, and takes the last one outside of the model's thoughts.

A reply may hold drafts within its thoughts, an example of the form, and a version that corrects an earlier one. Text
before the last end of thoughts is no answer. Of several objects that validate after it, the last one counts, broken
ones included if they can be repaired.

In thoughts that never end, the last object may be a draft, whatever the finish reason: models forget the end of their
thoughts, and others stop within them. It counts only if it ends the reply and the words before it call it the answer.
"""

import re
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from synthetic_textcat.llm.replies.json_recovery import (
    DEEPEST_VALUE,
    FoundObject,
    is_closed,
    objects_in,
    objects_with,
    repaired_values,
    unwrapped,
    whole_value,
)
from synthetic_textcat.llm.replies.list_recovery import lists
from synthetic_textcat.llm.replies.thoughts import Thoughts, is_called_the_answer, thoughts_in
from synthetic_textcat.llm.replies.work_budget import RecoveryBudget, WorkLimitError, depth_within
from synthetic_textcat.schemas.completions import READ_FROM, LabelSetReply, Problem, RowReply, TaskList
from synthetic_textcat.text.unicode import replace_surrogates

Wanted = TypeVar("Wanted", bound=BaseModel)

LONGEST_DETAIL = 200
FORMS: dict[type[BaseModel], str] = {TaskList: "JSON list", LabelSetReply: "whole JSON object"}
"""Expected form of a reply, for error messages; a JSON object for models that are not listed."""

_PLACEHOLDER = re.compile(
    r"\W*(?:(?:the|a|an|your|some|example|sample|actual|new)\W+){0,3}"
    r"(?:string|str|texts?|value|input[_ ]texts?|text (?:goes )?here|write (?:the |your )?text here|placeholder)?\W*"
    r"|\s*(?:<[^<>]{0,80}>|\[[^\[\]]{0,80}\]|\{[^{}]{0,80}\})\s*",
    re.IGNORECASE,
)
"""Placeholder for a text, in an example of the form: `...`, `string`, `<the text>`."""

_NOTHING_MORE = re.compile(r"(?:\s|`|~|<[^<>{}]{0,40}>|\[/?[A-Z_]{1,20}\])*\Z")


def choose_answer(text: str, wanted: type[Wanted], cut: bool) -> Wanted | Problem:
    """The object of a reply that is its answer, else the problem of its first object.

    Args:
        text: The reply.
        wanted: The model of the reply.
        cut: Whether the reply was cut at the token limit: then nothing is repaired, since its rest would be made up.
    """
    budget = RecoveryBudget()
    choice = _Choice(wanted, budget)
    try:
        if wanted is TaskList:
            choice.take_first({"tasks": items} for items in lists(text, "tasks", cut, budget))
        else:
            _read_objects(text, choice, cut)
    except WorkLimitError as limit:
        return choice.answer() or choice.problem or nothing_in(wanted, f"gave up after {limit}")
    return choice.answer() or choice.unless_repair_failed() or nothing_in(wanted, choice.remark or budget.limit)


def value_of(text: str, wanted: type[Wanted]) -> Wanted | Problem | None:
    """The answer of a reply that is JSON from end to end; None for any other reply with a brace."""
    value = whole_value(text)
    if value is None:
        return None if "{" in text else nothing_in(wanted)
    if isinstance(value, dict) and wanted.model_fields.keys() <= value.keys() and depth_within(value, DEEPEST_VALUE):
        return validated(value, wanted)  # as nearly all replies are
    choice = _Choice(wanted, RecoveryBudget())
    try:
        choice.offer(value)
    except WorkLimitError:
        return None
    return choice.answer() or choice.problem or nothing_in(wanted)


class _Choice(Generic[Wanted]):
    """The last valid object of those offered in their order; an example of the form only if there is no other.

    Attributes:
        problem: The problem of the first object that does not validate.
        where: Where in the reply the objects stand, if that decides.
        is_cut_off: Whether the reply breaks off in another object.
        remark: Why there is no answer, if there is more to say.
        place: Offset behind the last object that validates; -1 if none does.
    """

    def __init__(self, wanted: type[Wanted], budget: RecoveryBudget) -> None:
        self.wanted = wanted
        self.budget = budget
        self.fields = wanted.model_fields.keys()
        self.problem: Problem | None = None
        self.where = ""
        self.is_cut_off = False
        self.remark = ""
        self.place = -1
        self._seen = 0
        self._best: tuple[Wanted, int, bool] | None = None

    @property
    def has_answer(self) -> bool:
        """Whether an object validates."""
        return self._best is not None

    def offer(self, value: Any, end: int = 0, only_named: bool = False) -> None:
        """Offers the objects in a decoded value.

        Args:
            value: Any JSON value.
            end: Offset behind it in the reply.
            only_named: Whether an object without any of the fields is ignored: it is the rest of a torn one.
        """
        named = objects_with(value, self.fields, self.budget)
        for part in named:
            self._seen += 1
            self._judge(part, end)
        other = None if named else unwrapped(value, self.fields)
        if other is not None and (self.fields & other.keys() or not only_named):
            self._judge(other, end)

    def take_first(self, values: Iterable[dict[str, Any]]) -> None:
        """Takes the first value that validates."""
        for value in values:
            self._judge(value, 0)
            if self.has_answer:
                return

    def _judge(self, part: dict[str, Any], end: int) -> None:
        self.budget.weigh(part)
        found = validated(part, self.wanted)
        if isinstance(found, Problem):
            self.problem = self.problem or found
            return
        text = getattr(found, "input_text", None)
        is_form = text is not None and _PLACEHOLDER.fullmatch(text[:200]) is not None
        self.place = end
        if self._best is None or not is_form or self._best[2]:
            self._best = found, self._seen, is_form

    def answer(self) -> Wanted | None:
        """The object taken, with a note on which one it is if the reply has several."""
        if self._best is None:
            return None
        found, number, _ = self._best
        note = self._note(number)
        return found.read_as(note) if note and isinstance(found, RowReply) else found

    def _note(self, number: int) -> str:
        if self._seen < 2:
            which, why = "the object", ", after which another is cut off" if self.is_cut_off else ""
            return f"{READ_FROM}{which}{self.where}{why}" if self.where or why else ""
        is_last = number == self._seen
        why = "the last whole one" if self.is_cut_off else "the last" if is_last else "the last that is a filled row"
        return f"{READ_FROM}object {number} of {self._seen}{self.where}: {why}"

    def unless_repair_failed(self) -> Problem | None:
        """The first problem; if the repair library failed, its error: any other object is a fragment."""
        return nothing_in(self.wanted, self.budget.error) if self.budget.error else self.problem


def _read_objects(text: str, choice: _Choice[Wanted], cut: bool) -> None:
    """Offers the objects of a reply: the whole, else those behind its thoughts, else the one with which they end."""
    whole = whole_value(text)
    if whole is not None:
        choice.offer(whole)
        return
    thoughts = thoughts_in(text)
    _read_between(text, thoughts, choice, cut)
    if choice.has_answer or thoughts == (0, len(text)):
        return
    found = list(objects_in(text, choice.budget))
    outside = thoughts_in(text, [(each.start, each.end) for each in found])  # a text may speak of such tags
    if outside != thoughts:
        _read_between(text, outside, choice, cut)
    if not choice.has_answer and outside.reopened < len(text):
        _read_end_of_thoughts(text, found, choice, cut)
    if not choice.has_answer and any(objects_with(each.value, choice.fields, choice.budget) for each in found):
        choice.remark = "its thoughts hold a draft, and no answer follows them"
        if outside.reopened < len(text):
            choice.remark = "its thoughts hold a draft and never end, so there is no answer"


def _read_between(text: str, thoughts: Thoughts, choice: _Choice[Wanted], cut: bool) -> None:
    """Offers the objects from the last end of thoughts to where they begin again, then what can be repaired."""
    start, stop = thoughts
    part = text[:stop]
    is_torn = choice.wanted is LabelSetReply and not is_closed(text[start:stop])  # it would lack labels
    has_draft = "{" in text[:start] and all(field in text[:start] for field in choice.fields)
    choice.where = " behind the thoughts, which hold a draft" if has_draft else ""
    for each in objects_in(part, choice.budget, start):
        choice.offer(each.value, each.end, only_named=is_torn)
    rest = part[max(start, choice.place, 0) :]
    if "{" not in rest or is_torn:
        return
    if cut:
        choice.is_cut_off = choice.has_answer and any(f'"{field}"' in rest for field in choice.fields)
    elif not choice.has_answer or all(field in rest for field in choice.fields):
        _read_repaired(rest, choice, stop)


def _read_repaired(rest: str, choice: _Choice[Wanted], end: int) -> None:
    """Offers what the repair library makes of the text, until a further object validates."""
    already = choice.place
    for value in repaired_values(rest, choice.fields, choice.budget):
        choice.offer(value, end)
        if choice.place != already:
            return


def _read_end_of_thoughts(text: str, found: list[FoundObject], choice: _Choice[Wanted], cut: bool) -> None:
    """Offers the object with which unclosed thoughts end, if they call it the answer."""
    if not cut and found and _NOTHING_MORE.match(text, found[-1].end) and is_called_the_answer(text, found[-1].start):
        choice.where = " with which the thoughts end, and which they call the answer"
        choice.offer(found[-1].value, found[-1].end, only_named=True)


def validated(value: dict[str, Any], wanted: type[Wanted]) -> Wanted | Problem:
    """The validated object of a JSON value, or the problem with its fields."""
    try:
        return wanted.model_validate(replace_surrogates(value))
    except ValidationError as error:
        return Problem("schema_violation", _in_one_line(error))


def nothing_in(wanted: type[BaseModel], why: str = "") -> Problem:
    """The problem of a reply without any object of the form asked for."""
    words = f"no {FORMS.get(wanted, 'JSON object')} in the reply"
    return Problem("invalid_json", str(replace_surrogates(f"{words}; {why}" if why else words))[:LONGEST_DETAIL])


def _in_one_line(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, x['loc']))}: {x['msg'].lower()}" for x in problems)[:LONGEST_DETAIL]
