"""User-defined attributes: their names, their choices, and choices that depend on the value of another attribute.

Each becomes a line of the prompt, and a column of the tables after `num_words`. A dependent attribute has a parent, and
a choice for each value of it (a branch):

    tone: {given: channel, e-mail: [formal, polite], chat: {casual: 3, rude: 1}}

Parents are attributes of the method or other own ones, dependent ones too. A choice of a task replaces the parameters',
and that of a label its task's, so whether each value of a parent has a branch is known for a task and label only.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Annotated, cast

import regex
from pydantic import AfterValidator

from synthetic_textcat.errors import ParameterError, nearest
from synthetic_textcat.schemas.attributes import Choice, PlainChoice, canonical_value, chosen_weights, weights_of
from synthetic_textcat.schemas.rows import ATTRIBUTES, CONTRACT_COLUMNS
from synthetic_textcat.schemas.task_input import GIVEN
from synthetic_textcat.schemas.weights_files import STANDS_ALONE, names_weights_file
from synthetic_textcat.text.unicode import normalised

DependentChoice = dict[str, str | list[str] | dict[str, float]]
"""`given`: the parent; and each value of the parent: a plain choice."""

OwnChoice = PlainChoice | DependentChoice

_TAKEN = dict.fromkeys(("labels", "seed_examples", "own_attributes"), "placeholder of the prompts")
_TAKEN |= dict.fromkeys(("largest", "labels_per_text"), "metric of coverage")
_OF_LABELS = frozenset({"label", "labels", "misleading_label"})
_NAME = regex.compile(r"\p{L}[\p{L}\p{M}\p{N}_\u200c\u200d]*")  # the joiners shape Persian and Indian letters


def parent_of(choice: Choice | OwnChoice) -> str | None:
    """The attribute that a choice depends on; None for a plain choice."""
    parent = choice.get(GIVEN) if isinstance(choice, Mapping) else None
    return parent if isinstance(parent, str) else None


def branches_of(choice: OwnChoice) -> dict[str, PlainChoice]:
    """The plain choice for each value of the parent, by the value's name in the tables.

    Raises:
        ValueError: If the parent has no such value, or the choice names one in two spellings.
    """
    parent = parent_of(choice)
    if parent is None:
        return {}
    branches = cast("Mapping[str, PlainChoice]", {key: branch for key, branch in _items(choice) if key != GIVEN})
    if parent not in ATTRIBUTES:
        return dict(branches)
    found: dict[str, PlainChoice] = {}
    for value, branch in branches.items():
        try:
            name = canonical_value(parent, value)
        except ValueError as error:
            raise ValueError(f"for {value!r}: {error}") from None
        if name in found:
            raise ValueError(f"has two choices for the {parent} {name!r}; keep one")
        found[name] = branch
    return found


def drawing_order(choices: Mapping[str, Choice | OwnChoice]) -> list[str]:
    """The attributes of a task or label, parents before the attributes that depend on them, else in the given order.

    Args:
        choices: Choice of each attribute, those of the method too; null for an own attribute that does not apply.

    Raises:
        ValueError: If attributes depend on one another in a circle.
    """
    order: dict[str, None] = {}
    for name in choices:
        path = [name]
        parent = parent_of(choices[name])
        while parent is not None and parent in choices and parent not in order:
            if parent in path:
                raise ValueError(_circle([*path[path.index(parent) :], parent]))
            path.append(parent)
            parent = parent_of(choices[parent])
        order |= dict.fromkeys(reversed(path))
    return list(order)


def marginal_weights(name: str, choices: Mapping[str, Choice | OwnChoice]) -> dict[str, Fraction]:
    """Exact share of each value of an attribute among the rows of a task or label, over all values of its parents.

    Args:
        name: The attribute.
        choices: As in `drawing_order`, and checked by `check_dependent`.
    """
    choice = choices[name]
    parent = parent_of(choice)
    if parent is None:
        plain = cast("Choice", choice)
        return weights_of(name, plain) if name in ATTRIBUTES else chosen_weights(cast("PlainChoice", plain))
    branches = branches_of(cast("OwnChoice", choice))
    shares: dict[str, Fraction] = {}
    for value, share in marginal_weights(parent, choices).items():
        for own, odds in chosen_weights(branches[value]).items():
            shares[own] = shares.get(own, Fraction(0)) + share * odds
    return dict(sorted(shares.items()))


def check_dependent(choices: Mapping[str, Choice | OwnChoice]) -> None:
    """Checks that all dependent attributes of a task or label can be drawn.

    Args:
        choices: As in `drawing_order`.

    Raises:
        ValueError: If a parent does not apply, a value of it has no branch, or attributes depend in a circle.
    """
    known = [name for name, choice in choices.items() if choice is not None or name in ATTRIBUTES]
    for name in drawing_order(choices):
        choice = cast("OwnChoice", choices[name])
        parent = parent_of(choice)
        if parent is None:
            continue
        if parent not in known:
            others = [other for other in known if other != name]
            raise ValueError(f"{name!r} is given the unknown attribute {parent!r}; {nearest(parent, others)}")
        missing = marginal_weights(parent, choices).keys() - branches_of(choice).keys()
        if missing:
            raise ValueError(_without_branch(name, parent, missing))


def _without_branch(name: str, parent: str, values: Iterable[str]) -> str:
    first, *others = sorted(values)
    more = f" and {len(others)} more" if others else ""
    return f"{name!r} has no choice for the {parent} {first!r}{more}; add it, as in `{first}: [...]`"


def _circle(path: Iterable[str]) -> str:
    return f"depend on one another in a circle: {' is given '.join(path)}; give one of them plain values"


def _items(choice: object) -> Iterable[tuple[str, object]]:
    return cast("Mapping[str, object]", choice).items()


def _checked(own: dict[str, OwnChoice]) -> dict[str, OwnChoice]:
    for name, choice in own.items():
        _check_name(name)
        try:
            for value in _all_values(choice):
                _check_value(value)
            _check_branches(name, choice, own)
        except ValueError as error:
            raise ValueError(f"{name!r} {error}") from None
    drawing_order(own)
    return own


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is not an identifier; use letters of any script, then also digits and underscores, as in tone_2"
        )
    taken = normalised(name)
    if taken in CONTRACT_COLUMNS | _TAKEN.keys():
        kind = _TAKEN.get(taken, "column of the tables")
        raise ValueError(f"{name!r} is already the name of a {kind}; call it, for example, own_{name}")


def _check_value(value: str) -> None:
    if names_weights_file(value):
        raise ValueError(f"has the value {value!r}, which is no file here; {STANDS_ALONE}")
    if not value.strip() or value != value.strip() or len(value.splitlines()) > 1:
        raise ValueError(f"has the value {value!r}; give a text on one line, with no space around it")


def _all_values(choice: OwnChoice) -> Iterator[str]:
    branches = branches_of(choice) if parent_of(choice) else {"": cast("PlainChoice", choice)}
    for value, branch in branches.items():
        try:
            yield from (value, *chosen_weights(branch)) if value else chosen_weights(branch)
        except ValueError as error:
            raise ValueError(f"for {value!r}: {error}" if value else str(error)) from None


def _check_branches(name: str, choice: OwnChoice, own: Mapping[str, OwnChoice]) -> None:
    """Checks the parent, and that branches name values of it, as far as they are known here."""
    parent = parent_of(choice)
    if parent in _OF_LABELS:
        raise ValueError(f"is given {parent!r}; give labels an `extra` of their own in the tasks file")
    if parent == name:
        raise ValueError("is given itself; name another attribute")
    if parent is None or parent not in own:
        return
    possible = list(dict.fromkeys(_values_of(own[parent])))
    for value in branches_of(choice):
        if value not in possible:
            raise ValueError(f"has a choice for the unknown {parent} {value!r}; {nearest(value, possible)}")


def _values_of(choice: OwnChoice) -> Iterator[str]:
    branches = branches_of(choice).values() if parent_of(choice) else [cast("PlainChoice", choice)]
    return (value for branch in branches for value in chosen_weights(branch))


OwnAttributes = Annotated[dict[str, OwnChoice], AfterValidator(_checked)]
"""Name → choice. Names are letters, digits and underscores of any script, and not those of columns or placeholders."""


def names_in_order(first: Iterable[str], others: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    """All attribute names: those of the parameters in their order, then those of tasks and labels alphabetically.

    Raises:
        ParameterError: If two names differ in case or Unicode form only: two columns that look like one attribute.
    """
    known = dict.fromkeys(first)
    names = (*known, *sorted({name for own in others for name in own} - known.keys()))
    by_key: dict[str, str] = {}
    for name in names:
        if (other := by_key.setdefault(normalised(name), name)) != name:
            differ = "case" if other.casefold() == name.casefold() else "Unicode form"
            raise ParameterError(
                f"The own attributes {other} and {name} differ in {differ} only. Next: write both alike, "
                "in the tasks file and in attribute_sampling.extra"
            )
    return names
