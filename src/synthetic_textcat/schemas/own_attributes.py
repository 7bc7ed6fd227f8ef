"""Attributes of the user's own, beside those of the method: `tone: [formal, angry]`.

Each becomes a line of the prompt, and a column of the tables after `num_words`.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import AfterValidator

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.schemas.attributes import chosen_weights
from synthetic_textcat.schemas.rows import CONTRACT_COLUMNS

OwnChoice = str | list[str] | dict[str, float]
"""A value, a list (even odds) or a mapping value → weight."""

_PLACEHOLDERS = frozenset({"labels", "seed_examples", "own_attributes"})


def _checked(own: dict[str, OwnChoice]) -> dict[str, OwnChoice]:
    for name, choice in own.items():
        if not (name.isidentifier() and name.isascii()) or name.startswith("_"):
            raise ValueError(f"{name!r} is no identifier; use letters, digits and underscores, as in customer_mood")
        if name.casefold() in CONTRACT_COLUMNS | _PLACEHOLDERS:
            kind = "placeholder of the prompts" if name.casefold() in _PLACEHOLDERS else "column of the tables"
            raise ValueError(f"{name!r} is the name of a {kind} already; call it for example own_{name}")
        try:
            weights = chosen_weights(choice)
        except ValueError as error:
            raise ValueError(f"{name!r} {error}") from None
        for value in weights:
            if not value.strip() or value != value.strip() or len(value.splitlines()) > 1:
                raise ValueError(f"{name!r} has the value {value!r}; give a text on one line, with no space around it")
    return own


OwnAttributes = Annotated[dict[str, OwnChoice], AfterValidator(_checked)]
"""Name → choice. Names are identifiers and no column of the contract."""


def names_in_order(first: Iterable[str], others: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    """All names: those of the parameters as they stand there, then those of tasks and labels by the alphabet.

    Raises:
        ParameterError: If two of them differ in case only: one was meant, and two columns would come of it.
    """
    known = dict.fromkeys(first)
    names = (*known, *sorted({name for own in others for name in own} - known.keys()))
    by_key: dict[str, str] = {}
    for name in names:
        if by_key.setdefault(name.casefold(), name) != name:
            raise ParameterError(
                f"The own attributes {by_key[name.casefold()]} and {name} differ in case only. Next: write both alike, "
                "in the tasks file and in attribute_sampling.extra"
            )
    return names
