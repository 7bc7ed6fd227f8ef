"""Requested text lengths: ranges of words or characters, as users write them and as the column `num_words` has them.

A range is a text (`20 to 40 words`, `20-40`, `between 20 and 40`, `at least 30`, `at most 280 characters`, `less than
15`, `more than 5`, `exactly 12`, and other words for these) or a mapping (`{from: 20, to: 40}`, `{to: 280, unit:
characters}`), whose key `weight` is its weight in a list. The column has one spelling of each: `20 to 40`, `at most 280
characters`. Words are the unit where none is named, as in the prompt's `{num_words} words`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from synthetic_textcat.errors import nearest
from synthetic_textcat.schemas.block import RANGE, is_weight

Unit = Literal["words", "characters"]
WORDS: Unit = "words"
CHARACTERS: Unit = "characters"

LONGEST = 100_000
"""Largest bound of a range, in words or characters."""

EXAMPLE = "`20 to 40 words` or `at most 280 characters`"

_UNITS: dict[str, Unit] = {"word": WORDS, "words": WORDS} | dict.fromkeys(
    ("character", "characters", "char", "chars"), CHARACTERS
)
_BOTH = "from"
_OF_TWO, _FROM, _BELOW = {_BOTH, "between"}, {"at least", "more than"}, {"less than"}
_KINDS = {kind: kind for kind in (*_OF_TWO, *_FROM, *_BELOW, "at most", "exactly")} | {
    "up to": "at most",
    "no more than": "at most",
    "not more than": "at most",
    "maximum": "at most",
    "max": "at most",
    "no less than": "at least",
    "no fewer than": "at least",
    "minimum": "at least",
    "min": "at least",
    "fewer than": "less than",
    "shorter than": "less than",
    "under": "less than",
    "longer than": "more than",
    "over": "more than",
}
"""Kind of range by the words for it."""

_KEYS = ("from", "to", "unit", "weight")
_KEYS_ELSEWHERE = frozenset({"min", "max", "minimum", "maximum", "least", "most", WORDS, CHARACTERS})
_NUMBER = r"\d{1,3}(?:,\d{3})+|\d{1,9}"
_TEXT = re.compile(
    rf"(?:(?P<kind>{'|'.join(_KINDS)})\s+)?(?P<first>-?(?:{_NUMBER}))"
    rf"(?:\s*(?:to|and|[-\u2010-\u2015\u2212~])\s*(?P<last>{_NUMBER}))?(?:\s*(?P<unit>[^\W\d_]\S*))?"
)


class Length(NamedTuple):
    """A requested length.

    Attributes:
        least: Lower bound, included; 0 if there is none.
        upper: Upper bound as written; None if there is none.
        unit: Of both.
        is_below: Whether the upper bound itself is excluded, as in `less than 10`.
    """

    least: int
    upper: int | None
    unit: Unit = WORDS
    is_below: bool = False

    def __str__(self) -> str:
        """The spelling of the column `num_words`."""
        unit = "" if self.unit == WORDS else f" {self.unit_name}"
        if self.upper is None:
            return f"at least {self.least}{unit}"
        if self.least == self.upper:
            return f"exactly {self.least}{unit}"
        if self.least:
            return f"{self.least} to {self.upper}{unit}"
        return f"{'less than' if self.is_below else 'at most'} {self.upper}{unit}"

    @property
    def unit_name(self) -> str:
        """The unit as it follows the last number: `word` after a 1."""
        return self.unit.removesuffix("s") if (self.upper or self.least) == 1 else self.unit

    @property
    def most(self) -> int | None:
        """Upper bound, included; None if there is none."""
        return self.upper - 1 if self.upper is not None and self.is_below else self.upper


@lru_cache(maxsize=4096)
def length_of(num_words: str) -> Length | None:
    """The length that a value of the column `num_words` asks for; None for a value of another version."""
    try:
        return read_length(num_words)
    except ValueError:
        return None


def shown_length(num_words: str) -> str:
    """A value of the column with its unit: `20 to 40 words`, `at most 280 characters`."""
    length = length_of(num_words)
    if length is not None and length.unit != WORDS:
        return num_words
    return f"{num_words} {length.unit_name if length else WORDS}"


def read_length(text: str) -> Length:
    """The length that a text asks for.

    Raises:
        ValueError: If it is not a range, its unit is unknown, or its bounds are zero, too large or turned round.
    """
    found = _TEXT.fullmatch(" ".join(text.casefold().split()))
    if found is None:
        raise _unknown(text)
    unit = _unit(found["unit"] or WORDS)
    numbers = [int(found[name].replace(",", "")) for name in ("first", "last") if found[name] is not None]
    if found["kind"] is None and len(numbers) == 1 and _length("exactly", numbers, unit, text):
        number = f"{found['first']} {found['unit'] or unit}"
        raise ValueError(
            f"{text!r} is not a range; write `exactly {number}`, `at most {number}` or `at least {number}`"
        )
    kind = _KINDS[found["kind"] or _BOTH]
    if (kind in _OF_TWO) != (len(numbers) > 1):
        raise _unknown(text)
    return _length(kind, numbers, unit, text)


def _unknown(text: str) -> ValueError:
    return ValueError(f"unknown length {text!r}; write a range, such as {EXAMPLE}")


def _length(kind: str, numbers: list[int], unit: Unit, written: str) -> Length:
    if not all(1 <= number <= LONGEST for number in numbers) or (kind in _BELOW and numbers == [1]):
        raise ValueError(
            f"has the range {written!r}; a bound is a number from 1 to {LONGEST:,}, as in at most 20 words"
        )
    first, last = numbers[0], numbers[-1]
    if last < first:
        raise ValueError(f"has the range {written!r}, which is turned round; write {last} to {first} {unit}")
    if kind in _OF_TWO or kind == "exactly":
        return Length(first, last, unit)
    if kind in _FROM:
        return Length(first + (kind == "more than"), None, unit)
    return Length(0, first, unit, is_below=kind in _BELOW)


def plain_choice(choice: Any) -> Any:
    """The choice of lengths with its ranges in mappings as texts; any other choice unchanged.

    A list of ranges with a weight becomes a mapping of texts to weights, in which ranges without one have the weight 1.

    Raises:
        ValueError: If a range is faulty.
    """
    if isinstance(choice, Mapping) and _is_range(choice):
        if "weight" in choice:
            raise ValueError("gives its only range a weight; write a list of several ranges, or remove the weight")
        return _text_of(choice)
    if isinstance(choice, int | float) and not isinstance(choice, bool):
        raise ValueError(f"{choice} is not a range; write one, such as {EXAMPLE}")  # noqa: TRY004
    if not isinstance(choice, list) or not any(isinstance(each, Mapping | int | float) for each in choice):
        return choice
    texts = [_text_in_list(each) for each in choice]
    weights = [each.get("weight") if isinstance(each, Mapping) else None for each in choice]
    if all(weight is None for weight in weights):
        return texts
    return _added_up(zip(texts, weights, strict=True))


def _added_up(weighted: Iterable[tuple[str, Any]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for text, weight in weighted:
        if weight is not None and not is_weight(weight):
            raise ValueError(f"gives {text!r} the weight {weight!r}; a weight is {RANGE}")
        total[text] = total.get(text, 0.0) + (1.0 if weight is None else weight)
    return total


def _text_in_list(item: object) -> str:
    if isinstance(item, Mapping):
        return _text_of(item)
    if not isinstance(item, str):
        raise ValueError(f"has {item!r} in its list, which is not a range; write one, such as {EXAMPLE}")  # noqa: TRY004
    return item


def _is_range(choice: Mapping[Any, Any]) -> bool:
    """Whether the mapping is a range, perhaps a misspelt one; one of texts to weights has no such keys."""
    keys = {key.casefold() for key in choice if isinstance(key, str)}
    return bool(keys & ({*_KEYS[:3]} | _KEYS_ELSEWHERE)) or keys == {"weight"}


def _text_of(range_: Mapping[Any, Any]) -> str:
    for key in range_:
        if key not in _KEYS:
            raise ValueError(f"has the unknown key {key!r} in a range; {nearest(str(key), _KEYS)}")
    bounds = {key: range_.get(key) for key in ("from", "to")}
    for key, bound in bounds.items():
        if bound is not None and not _is_whole(bound):
            raise ValueError(f"has {bound!r} as `{key}` of a range; write a whole number, such as 20")
    if all(bound is None for bound in bounds.values()):
        raise ValueError("has a range without bounds; write `from`, `to`, or both, as in {from: 20, to: 40}")
    unit = range_.get("unit") or WORDS
    if not isinstance(unit, str):
        raise ValueError(f"has the unit {unit!r}; allowed: {WORDS}, {CHARACTERS}")  # noqa: TRY004
    given = ", ".join(f"{key}: {value}" for key, value in range_.items() if key != "weight")
    numbers = [int(bound) for bound in bounds.values() if bound is not None]
    kind = _BOTH if len(numbers) > 1 else "at most" if bounds["from"] is None else "at least"
    return str(_length(kind, numbers, _unit(unit), f"{{{given}}}"))


def _is_whole(bound: object) -> bool:
    return isinstance(bound, int | float) and not isinstance(bound, bool) and float(bound).is_integer()


def _unit(name: str) -> Unit:
    unit = _UNITS.get(name.strip().casefold())
    if unit is None:
        raise ValueError(f"unknown unit {name!r}; {nearest(name, (WORDS, CHARACTERS))}")
    return unit
