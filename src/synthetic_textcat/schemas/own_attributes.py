"""Attributes of the user's own, beside those of the method: `tone: [formal, angry]`.

Each becomes a line of the prompt, and a column of the tables after `num_words`.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator

from synthetic_textcat.schemas.attributes import chosen_weights
from synthetic_textcat.schemas.rows import CONTRACT_COLUMNS

OwnChoice = str | list[str] | dict[str, float]
"""A value, a list (even odds) or a mapping value → weight."""

_PLACEHOLDERS = {"labels", "seed_examples", "own_attributes"}


def own_weights_of(choice: OwnChoice) -> dict[str, Fraction]:
    """The share of each value, in a fixed order of the values; the shares sum to 1.

    Raises:
        ValueError: If there is no value, or a weight is not positive.
    """
    return chosen_weights(choice)


def _checked(own: dict[str, OwnChoice]) -> dict[str, OwnChoice]:
    for name, choice in own.items():
        if not (name.isidentifier() and name.isascii()) or name.startswith("_"):
            raise ValueError(f"{name!r} is no identifier; use letters, digits and underscores, as in customer_mood")
        if name in CONTRACT_COLUMNS or name in _PLACEHOLDERS:
            kind = "column of the tables" if name in CONTRACT_COLUMNS else "placeholder of the prompts"
            raise ValueError(f"{name!r} is the name of a {kind} already; call it for example own_{name}")
        try:
            weights = own_weights_of(choice)
        except ValueError as error:
            raise ValueError(f"{name!r} {error}") from None
        if not all(value.strip() for value in weights):
            raise ValueError(f"{name!r} has an empty value; name it, or leave it out")
    return own


OwnAttributes = Annotated[dict[str, OwnChoice], AfterValidator(_checked)]
"""Name → choice. Names are identifiers and no column of the contract."""


def names_in_order(first: Iterable[str], others: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    """All names: those of the parameters as they stand there, then those of tasks and labels by the alphabet."""
    known = dict.fromkeys(first)
    return (*known, *sorted({name for own in others for name in own} - known.keys()))
