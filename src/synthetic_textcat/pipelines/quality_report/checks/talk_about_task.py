"""Talk about the task: texts that speak of task, labels or prompt in place of being a text, or in an assistant's voice.

Phrases come from `talk_about_task.yml`: English ones and those of the language that was asked for. A phrase whose words
stand in the task's own sentence, labels or descriptions is no evidence, so a task on classifiers may have texts on
classifiers. Single words of labels and tasks stand in honest texts too; they count by points, and a long text needs
more of them: one in 25 words.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

import yaml

from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.text.comparison import comparable

_ENGLISH = "en"
_SURE, _HINT = 3, 1  # points
_WORDS_A_POINT = 25
_CHARACTERS_A_POINT = 80  # where words are not set apart
_LONGEST_OPENING = 200  # characters
_FEWEST_LETTERS = 4
_LETTERS = re.compile(r"[^\W\d_]+")
_SHOWN = 4
_QUOTED = 60
_PARTS = ("screen", "openings", "assistant", "sure", "hints")


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases of a language.

    Attributes:
        screen: Pieces of words, one of which is in each phrase.
        openings: First words of an assistant.
        assistant: An assistant's words of itself.
        sure, hints: Phrases about a task.
    """

    screen: tuple[str, ...]
    openings: "re.Pattern[str]"
    assistant: "re.Pattern[str]"
    sure: "re.Pattern[str]"
    hints: "re.Pattern[str]"


def find_talk_about_task(text: str, language: str | None, task_text: str, least: int | None) -> str | None:
    """The phrases by which a text speaks of its task, quoted; None for any other.

    Args:
        text: Normalised.
        language: As asked.
        task_text: The task's sentence, labels and descriptions, normalised.
        least: Points from which a text is rejected; None = not judged.
    """
    if least is None:
        return None
    beginning = text[:_LONGEST_OPENING].lstrip("\"'“”«*#>¡ ").replace("i\u0307", "i")  # a Turkish capital, folded
    padded = f" {text}"
    for phrases in _languages_of(language):
        if (match := phrases.openings.match(beginning)) is not None:
            return _assistants(match[0])
        if any(map(padded.__contains__, phrases.screen)):
            if (match := phrases.assistant.search(text)) is not None:
                return _assistants(match[0])
            if (found := _about_task(text, phrases, task_text, least)) is not None:
                return found
    return None


def _assistants(words: str) -> str:
    return f"an assistant's words: {words[:_QUOTED]!r}"


def _about_task(text: str, phrases: Phrases, task_text: str, least: int) -> str | None:
    points, seen = 0, []
    for match, worth in _matches(text, phrases):
        if not _is_of_task(match[0], task_text):
            points += worth
            seen.append(match[0])
    if points < least or points < _length(text):
        return None
    quoted = ", ".join(map(repr, dict.fromkeys(words[:_QUOTED] for words in seen[:_SHOWN])))
    return f"speaks of its task: {quoted}"


def _matches(text: str, phrases: Phrases) -> Iterator[tuple["re.Match[str]", int]]:
    taken: list[tuple[int, int]] = []
    for match in phrases.sure.finditer(text):
        taken.append(match.span())
        yield match, _SURE
    for match in phrases.hints.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            yield match, _HINT


def _is_of_task(phrase: str, task_text: str) -> bool:
    """Whether the task speaks of it: whether a longer word of the phrase stands in the task's words."""
    return bool(task_text) and any(word in _words_of(task_text) for word in _content_words(phrase))


@lru_cache(maxsize=1024)
def _content_words(phrase: str) -> tuple[str, ...]:
    words = _LETTERS.findall(phrase)
    return tuple(word for word in words if len(word) >= _FEWEST_LETTERS or not word.isascii()) or tuple(words)


@lru_cache(maxsize=1024)
def _words_of(task_text: str) -> frozenset[str]:
    """Words of the task, also without a final s."""
    words = _LETTERS.findall(task_text)
    return frozenset(words) | {word.removesuffix("s") for word in words} | {f"{word}s" for word in words}


def _length(text: str) -> float:
    """Points that a text of this length needs."""
    return min(len(text) / _CHARACTERS_A_POINT, 1 + text.count(" ") / _WORDS_A_POINT)


@lru_cache(maxsize=256)
def _languages_of(language: str | None) -> tuple[Phrases, ...]:
    code = find_language(language).code.partition("-")[0] if language else _ENGLISH
    return tuple(_phrases()[each] for each in dict.fromkeys((_ENGLISH, code)) if each in _phrases())


@cache
def _phrases() -> Mapping[str, Phrases]:
    text = resources.files(__package__).joinpath("talk_about_task.yml").read_text(encoding="utf-8")
    raw: dict[str, dict[str, list[str]]] = yaml.safe_load(text)
    return {code: _compiled(lists, code) for code, lists in raw.items()}


def _compiled(lists: Mapping[str, list[str]], code: str) -> Phrases:
    """The phrases, in the comparison form of texts, which changes no sign of a regular expression."""
    screen = tuple(" " * piece.startswith(" ") + comparable(piece, code) for piece in lists["screen"])
    patterns = (
        re.compile("|".join(_bounded(comparable(phrase, code)) for phrase in lists[part])) for part in _PARTS[1:]
    )
    return Phrases(screen, *patterns)


def _bounded(phrase: str) -> str:
    """The phrase as whole words; characters of scripts without spaces, and of Korean, have no bounds."""
    first = next(filter(str.isalpha, phrase), "a")
    return rf"\b(?:{phrase})(?!\w)" if first < "\u0900" else phrase
