"""Attributes of the method (language, difficulty, clarity, num_words): their values, choices and weights.

Value sets: Wang et al. (2024), table 8. Weights of the preset `paper`: language tiers from the public reproduction
(arXiv 2509.06184: English .431, thirteen high-resource languages .029 each, the rest even); num_words and clarity from
the later code of a co-author (SPEED, arXiv 2410.18634); difficulty uniform in all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

from synthetic_textcat.errors import nearest
from synthetic_textcat.schemas.languages import find_language, languages
from synthetic_textcat.schemas.lengths import read_length
from synthetic_textcat.schemas.rows import ATTRIBUTES

Choice = str | list[str] | dict[str, float] | None
"""A value, a list (uniform), a mapping value → weight, the preset `paper`, or null for uniform over all values."""

Ordered = TypeVar("Ordered", str, int)

PRESET = "paper"

VALUES: dict[str, tuple[str, ...]] = {
    "difficulty": ("high school", "college", "PhD"),
    "clarity": ("clear", "understandable with some effort", "ambiguous"),
    "num_words": ("less than 10", "at least 10", "at least 50", "at least 100", "at least 200"),
}
_PAPER_WEIGHTS: dict[str, tuple[float, ...]] = {
    "difficulty": (1, 1, 1),
    "clarity": (0.6, 0.2, 0.2),
    "num_words": (0.1, 0.3, 0.2, 0.2, 0.2),
}
_TIER_WEIGHTS = {"english": 0.431, "high": 0.029, "other": 0.0022857}

PlainChoice = str | list[str] | dict[str, float]
"""A value, a list (uniform) or a mapping value → weight."""


def weights_of(attribute: str, choice: Choice) -> dict[str, Fraction]:
    """Exact share of each value of a choice, in a fixed order of the values; the shares sum to 1.

    Raises:
        ValueError: If there is no value, or a value that the attribute does not have.
    """
    if isinstance(choice, str) and choice.strip().casefold() == PRESET:
        return shares_of(_paper_weights(attribute))
    if choice is None:
        return shares_of(dict.fromkeys(_values(attribute), 1.0))
    return chosen_weights(choice, lambda value: canonical_value(attribute, value))


def chosen_weights(choice: PlainChoice, canonical: Callable[[str], str] = str) -> dict[str, Fraction]:
    """Exact share of each value of a choice of arbitrary values.

    Args:
        choice: A value, a list or a mapping.
        canonical: From a spelling of a value to its canonical name.

    Raises:
        ValueError: If there is no value.
    """
    return shares_of(_weights(choice, canonical))


def proportions_of(column: str, choice: PlainChoice) -> dict[str, float]:
    """Weight of each value of a column, by canonical name, as the user wrote it.

    Raises:
        ValueError: If there is no value, or a value that the attribute does not have.
    """
    return _weights(choice, (lambda value: canonical_value(column, value)) if column in ATTRIBUTES else str)


def _weights(choice: PlainChoice, canonical: Callable[[str], str]) -> dict[str, float]:
    odds = odds_of(choice)
    if not odds:
        raise ValueError("names no value; give one at least")
    weights: dict[str, float] = {}
    for value, weight in odds.items():
        name = canonical(value)
        weights[name] = weights.get(name, 0.0) + weight
    return weights


def several_spellings(attribute: str, choice: Choice) -> dict[str, list[str]]:
    """Values of an attribute of the method that a choice names in several spellings, with these."""
    if choice is None or isinstance(choice, str):
        return {}
    spellings: dict[str, list[str]] = {}
    for value in choice:
        spellings.setdefault(canonical_value(attribute, value), []).append(value)
    return {name: written for name, written in spellings.items() if len(written) > 1}


def odds_of(choice: PlainChoice) -> Mapping[str, float]:
    """Weight of each value of a choice, as the user wrote it."""
    asked = [choice] if isinstance(choice, str) else choice
    return asked if isinstance(asked, Mapping) else dict.fromkeys(asked, 1.0)


def shares_of(weights: Mapping[Ordered, float]) -> dict[Ordered, Fraction]:
    """Normalised weights, as exact fractions of the numbers that the user wrote: no rounding on any machine."""
    exact = {value: Fraction(repr(float(weight))) for value, weight in sorted(weights.items())}
    total = sum(exact.values())
    return {value: weight / total for value, weight in exact.items()}


def _values(attribute: str) -> Sequence[str]:
    return VALUES.get(attribute) or [language.name for language in languages()]


def _paper_weights(attribute: str) -> dict[str, float]:
    if attribute in VALUES:
        return dict(zip(VALUES[attribute], _PAPER_WEIGHTS[attribute], strict=True))
    return {language.name: _TIER_WEIGHTS[language.tier] for language in languages()}


def canonical_value(attribute: str, value: str) -> str:
    """The name in the tables of a value of one of the method's attributes.

    Raises:
        ValueError: If the attribute has no such value.
    """
    if value.strip().casefold() == PRESET:
        raise ValueError(f"{PRESET!r} can't be combined with values; write {attribute}: {PRESET}")
    if attribute not in VALUES:
        return find_language(value).name
    known = {allowed.casefold(): allowed for allowed in VALUES[attribute]}.get(value.strip().casefold())
    if known is not None:
        return known
    if attribute == "num_words":
        return str(read_length(value))
    raise ValueError(f"unknown value {value!r}; {nearest(value, VALUES[attribute])}")
