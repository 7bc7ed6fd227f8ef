"""Defects of texts: each spoils a whole text so that the check of its name must reject the row. Pure.

They are kept distinct by the order of the checks: a text that is spoilt for one reason passes the checks before it.
"""

from collections.abc import Callable, Mapping

from synthetic_textcat.hashing import pick
from synthetic_textcat.llm.offline.orthography import ASKS_OR_EXCLAIMS
from synthetic_textcat.llm.offline.writer import SHORT
from synthetic_textcat.schemas.lengths import CHARACTERS, WORDS, Length, length_of
from synthetic_textcat.text.unicode import is_unspaced

_ARTEFACTS = ("<|im_end|>", "\\u00e9", "\ufffd", "&amp;", "[/INST]", "\x07", "\u00e2\u20ac\u2122")
_GAPS = ("[Your Name]", "[Company Name]", "<name>", "{label}", "[insert date here]", "____")
_OPENINGS = ("Sure, here is an example of such a text: ", "Here's a sample text: ", "As an AI language model, I say: ")
_TIMES = 4
_LOOP_WORDS, _LOOP_LETTERS = 12, 24
_FEWEST_WORDS = 6
_FEW_WORDS, _FEW_LETTERS = 3, 4
_LONG = "at least 50"
_BRIEF = "at least 10"
_CLEARLY_LONGER = {WORDS: 20, CHARACTERS: 200}
_ENDS = f"{ASKS_OR_EXCLAIMS}.\u3002\u0964\u06d4\u061f\u104b\u17d4\u1362\u0589"

Spoiler = Callable[[str, int], str]


def spoilt_text(defect: str | None, plan_words: str, seed: int, echo: str, write: Callable[[str], str]) -> str | None:
    """The text of a row with a defect of texts; None for any other defect.

    Args:
        defect: Name of the defect, or None.
        plan_words: Requested number of words, a value of `num_words`.
        seed: Seed of the row.
        echo: Words of the prompt to repeat.
        write: Writes the row's text with a number of words.
    """
    if defect == "prompt_echo":
        return echo
    if defect == "length_off":
        return _of_wrong_length(plan_words, write)
    spoil = TEXT_DEFECTS.get(defect or "")
    return None if spoil is None else spoil(write(plan_words), seed)


def _not_a_text(text: str, seed: int) -> str:
    return f"{text} {pick(_ARTEFACTS, 'artefact', seed)}"


def _placeholder(text: str, seed: int) -> str:
    return f"{text} {pick(_GAPS, 'gap', seed)}"


def _about_the_task(text: str, seed: int) -> str:
    return f"{pick(_OPENINGS, 'opening', seed)}{text}"


def _repetitive(text: str, _: int) -> str:
    if is_unspaced(text):
        return text[:_LOOP_LETTERS] * _TIMES
    return " ".join(text.split()[:_LOOP_WORDS] * _TIMES)


def _cut_off(text: str, _: int) -> str:
    """The first half of the text, up to a comma."""
    comma = "\u3001" if is_unspaced(text) else ","
    words = list(text) if is_unspaced(text) else text.split()
    half = (words * 2)[: max(_FEWEST_WORDS, len(words) // 2)]
    return ("" if is_unspaced(text) else " ").join(half).rstrip(f"{_ENDS},;: ") + comma


TEXT_DEFECTS: Mapping[str, Spoiler] = {
    "not_a_text": _not_a_text,
    "placeholder": _placeholder,
    "about_the_task": _about_the_task,
    "repetitive": _repetitive,
    "cut_off": _cut_off,
}
"""Defect -> how it spoils a whole text, by the seed of the row."""


def _of_wrong_length(plan_words: str, write: Callable[[str], str]) -> str:
    """A text more than twice as long or as short as planned."""
    if plan_words == SHORT:
        return write(_LONG)
    length = length_of(plan_words)
    if length is not None and length.upper is not None:
        return write(str(Length(_TIMES * length.upper, None, length.unit)))
    text = write(SHORT)
    if plan_words != _BRIEF and (length is None or length.least >= _CLEARLY_LONGER[length.unit]):
        return text
    if is_unspaced(text):
        return "".join(filter(str.isalpha, text))[:_FEW_LETTERS]
    return " ".join(text.split()[:_FEW_WORDS])
