"""Requested length in prompt templates: `{num_words} words`, or its bounds in the words of any language.

`{min_words}`, `{max_words}`, `{min_characters}` and `{max_characters}` are the bounds as numbers, both included. A row
has only the bounds of its own length: a line with another bound is left out of its prompt. So a template in German has
the lines `- mindestens {min_words} Wörter` and `- höchstens {max_words} Wörter` in place of `{num_words} words`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import PromptError
from synthetic_textcat.llm.prompts.messages import shown_place, with_unit, without_lines_of
from synthetic_textcat.schemas.lengths import CHARACTERS, WORDS, length_of, shown_length

NUM_WORDS = "num_words"
BOUNDS = tuple(f"{bound}_{unit}" for unit in (WORDS, CHARACTERS) for bound in ("min", "max"))


class LengthForm(NamedTuple):
    """Form of a length: what it shares with all lengths that fill the same template.

    Attributes:
        unit: The unit after `{num_words}`; none, if the value brings its own.
        bounds: Placeholders of the bounds that there are.
    """

    unit: str
    bounds: tuple[str, ...]


@lru_cache(maxsize=4096)
def form_of(num_words: str) -> LengthForm:
    """The form of a value of the column `num_words`."""
    length = length_of(num_words)
    unit = WORDS if length is None else length.unit_name if length.unit == WORDS else ""
    return LengthForm(unit, tuple(bounds_in(num_words)))


@lru_cache(maxsize=4096)
def bounds_in(num_words: str) -> dict[str, str]:
    """The bounds of a value of the column `num_words`, by placeholder."""
    length = length_of(num_words)
    if length is None:
        return {}
    least, most = length.least or None, length.most
    bounds = {f"min_{length.unit}": least, f"max_{length.unit}": most}
    return {name: str(bound) for name, bound in bounds.items() if bound is not None}


def has_bounds(template: ChatPromptTemplate) -> bool:
    """Whether the template names a bound."""
    return not set(BOUNDS).isdisjoint(template.input_variables)


def for_lengths(template: ChatPromptTemplate, form: LengthForm) -> ChatPromptTemplate:
    """The template for lengths of this form."""
    if form.unit != WORDS:
        template = with_unit(template, NUM_WORDS, WORDS, form.unit)
    absent = {name for name in BOUNDS if name not in form.bounds}
    return without_lines_of(template, absent) if absent.intersection(template.input_variables) else template


def check_length(name: str, template: ChatPromptTemplate, required: Sequence[str], num_words: str) -> None:
    """Checks that a prompt states a length of this form, and leaves out no other recorded attribute of a row.

    Args:
        name: Name of the template for error messages, if it does not know its file.
        template: The template for all lengths.
        required: Placeholders that are needed whatever the length.
        num_words: A value of the column.

    Raises:
        PromptError: If a bound is not stated, or a required placeholder is in a line that is left out.
    """
    form, where = form_of(num_words), shown_place(name, template)
    left = set(for_lengths(template, form).input_variables)
    for placeholder in required:
        if placeholder not in left:
            raise PromptError(
                f"{where} has {{{placeholder}}} in a line with a bound that {shown_length(num_words)!r} lacks, so that "
                "the line is left out. Next: put the bound on a line of its own"
            )
    unsaid = [] if NUM_WORDS in left else [bound for bound in form.bounds if bound not in left]
    if unsaid:
        raise PromptError(
            f"{where} does not say {shown_length(num_words)!r}: {{{unsaid[0]}}} is in no line, or in one with a bound "
            f"that this length lacks. Next: put {{{unsaid[0]}}} on a line of its own"
        )
