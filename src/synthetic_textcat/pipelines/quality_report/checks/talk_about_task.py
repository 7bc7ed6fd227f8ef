"""Talk about the task: texts that speak of task, labels or prompt in place of being a text, or in an assistant's voice.

Phrases come from `talk_about_task.yml`: English ones and those of the language that was asked for. A phrase whose words
stand in the task's own sentence, labels or descriptions is no evidence, so a task on classifiers may have texts on
classifiers. A text that begins by naming its own kind in the task's words ("A customer support message about …") speaks
of itself. Single words of labels and tasks stand in honest texts too; they count by points, and a long text needs
more of them: one in 25 words.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import compress, islice

import yaml

from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.text.comparison import comparable
from synthetic_textcat.text.phrases import Literals, PhraseSearch, PieceScreen

_ENGLISH = "en"
_SURE, _HINT = 3, 1  # points
_WORDS_A_POINT = 25
_CHARACTERS_A_POINT = 80  # where words are not set apart
_LONGEST_OPENING = 200  # characters
_LONGEST_SEARCHED = 20_000  # characters: the longest rows have a tenth, and a search of more holds up the other rows
_FEWEST_LETTERS = 4
_SAY_NOTHING = frozenset({"this", "that", "these", "which", "with", "from", "have", "must", "should", "would", "could"})
_LETTERS = re.compile(r"[^\W\d_]+")
_FIRST_SAID = r"(?:[^.!?:,;]{1,25}[,!.\u060c\u3001\u3002\uff01\uff0c]+\s*)?"
_SAME_SENTENCE = r"[^.!?:;\u0964\u3002\uff1a]{0,60}?"
_KIND = re.compile(
    rf"{_FIRST_SAID}(?:(?:this|here|below|the following)(?: is|'s) |"
    r"(?:please )?(?:generate|write|create|compose|produce|provide) (?:me )?)?"
    r"(?:an?|one|another|some) ((?:[\w'-]+ ){2,6}?)"
    r"(?:that|which|in which|where|about|regarding|concerning|from|with|written|describing|explaining|expressing)\b"
)
_BEGINNING = 5  # words
_SHOWN = 4
_QUOTED = 60
_PARTS = ("here", "example", "openings", "assistant", "sure", "of_several", "hints")
_SEARCHED = _PARTS[3:]


@dataclass(frozen=True, slots=True, eq=False)
class Phrases:
    """Phrases of a language.

    Attributes:
        screen: Pieces of words, one of which is in each phrase.
        openings: First words of an assistant.
        assistant: An assistant's words of itself.
        sure, hints: Phrases about a task.
        of_several: Phrases about the labels of a text that has several, or none.
    """

    screen: PieceScreen
    openings: "re.Pattern[str]"
    assistant: PhraseSearch
    sure: PhraseSearch
    of_several: PhraseSearch
    hints: PhraseSearch


def find_talk_about_task(
    text: str,
    language: str | None,
    task_text: str,
    least: int | None,
    possible: Collection[Phrases] | None = None,
    *,
    of_several: bool = False,
) -> str | None:
    """The phrases by which a text speaks of its task, quoted; None for any other.

    Args:
        text: Normalised; its first 20,000 characters are searched.
        language: As asked.
        task_text: The task's sentence, labels and descriptions, normalised.
        least: Points from which a text is rejected; None = not judged.
        possible: What `possible_phrases` says of the text, if it was asked.
        of_several: Whether the task has several labels a text.
    """
    if least is None:
        return None
    text = text[:_LONGEST_SEARCHED]
    beginning = text[:_LONGEST_OPENING].lstrip("\"'“”«*#>¡ ").replace("i\u0307", "i")  # a Turkish capital, folded
    if (kind := _own_kind(beginning, task_text)) is not None:
        return f"speaks of its task: {kind!r}"
    for phrases in _languages_of(language):
        if (match := phrases.openings.match(beginning)) is not None:
            return _assistants(match[0])
        is_possible = possible is None or phrases in possible
        if is_possible and (pieces := phrases.screen.pieces_in(text)):
            if (match := next(phrases.assistant.matches(text, pieces), None)) is not None:
                return _assistants(match[0])
            matches = _matches(text, phrases, pieces, of_several=of_several)
            if (found := _about_task(text, matches, task_text, least)) is not None:
                return found
    return None


def possible_phrases(texts: Sequence[str], languages: Sequence[str | None]) -> list[Collection[Phrases]]:
    """Phrases that each text may have within: those of which it has a piece.

    Args:
        texts: Normalised.
        languages: As asked.
    """
    places: dict[Phrases, list[int]] = {}
    for place, language in enumerate(languages):
        for phrases in _languages_of(language):
            places.setdefault(phrases, []).append(place)
    found: list[Collection[Phrases]] = [()] * len(texts)
    for phrases, own in places.items():
        for place in compress(own, phrases.screen.may_be_in([texts[place] for place in own])):
            found[place] = (*found[place], phrases)
    return found


def _own_kind(beginning: str, task_text: str) -> str | None:
    """First words that are the task's, or name the text's kind as it does: "a customer support message about".

    The whole sentence is left to the overlap with the prompt.
    """
    sentence = _sentence_words(task_text)
    first = _LETTERS.search(beginning)
    if first is not None and len(sentence) >= _BEGINNING and first[0] == sentence[0]:
        words = [match[0] for match in islice(_LETTERS.finditer(beginning), len(sentence))]
        if words[:_BEGINNING] == sentence[:_BEGINNING] and words != sentence:
            return " ".join(words[:_BEGINNING])
    match = _KIND.match(beginning)
    kind = match[1].split() if match is not None else []
    is_of_task = len(kind) > 1 and " ".join(kind[-2:]) in task_text.partition("\n")[0]
    return match[0] if match is not None and is_of_task else None


@lru_cache(maxsize=1024)
def _sentence_words(task_text: str) -> list[str]:
    return _LETTERS.findall(task_text.partition("\n")[0])


def _assistants(words: str) -> str:
    return f"an assistant's words: {words[:_QUOTED]!r}"


def _about_task(text: str, matches: Iterator[tuple["re.Match[str]", int]], task_text: str, least: int) -> str | None:
    seen: dict[str, int] = {}  # a phrase that comes again counts once: an essay may have one subject
    for match, worth in matches:
        if not _is_of_task(match[0], task_text):
            seen[match[0]] = worth
    points = sum(seen.values())
    if points < least or points < _length(text):
        return None
    return f"speaks of its task: {', '.join(repr(words[:_QUOTED]) for words in list(seen)[:_SHOWN])}"


def _matches(
    text: str, phrases: Phrases, pieces: Literals, *, of_several: bool
) -> Iterator[tuple["re.Match[str]", int]]:
    taken: list[tuple[int, int]] = []
    for search, worth in (
        (phrases.sure, _SURE),
        *([(phrases.of_several, _SURE)] if of_several else []),
        (phrases.hints, _HINT),
    ):
        for match in search.matches(text, pieces):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                taken.append(match.span())
                yield match, worth


def _is_of_task(phrase: str, task_text: str) -> bool:
    """Whether the task speaks of it: whether half of the phrase's longer words stand in the task's."""
    if not task_text:
        return False
    words, known = _content_words(phrase), _words_of(task_text)
    return 2 * sum(word in known for word in words) >= len(words)


@lru_cache(maxsize=1024)
def _content_words(phrase: str) -> tuple[str, ...]:
    words = _LETTERS.findall(phrase)
    longer = (word for word in words if word not in _SAY_NOTHING)
    return tuple(word for word in longer if len(word) >= _FEWEST_LETTERS or not word.isascii()) or tuple(words)


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
    return tuple(_phrases_of(each) for each in dict.fromkeys((_ENGLISH, code)) if each in _lists())


@cache
def _lists() -> Mapping[str, Mapping[str, list[str]]]:
    """The phrases of each language, by part."""
    text = resources.files(__package__).joinpath("talk_about_task.yml").read_text(encoding="utf-8")
    lists: dict[str, dict[str, list[str]]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return lists


@cache
def _phrases_of(code: str) -> Phrases:
    """The phrases, in the comparison form of texts, which changes no sign of a regular expression."""
    lists = _lists()[code]
    screen = tuple(" " * piece.startswith(" ") + comparable(piece, code) for piece in lists.get("screen", ()))
    parts = {part: [_bounded(comparable(phrase, code)) for phrase in lists.get(part, ())] for part in _PARTS}
    parts["openings"].append(_FIRST_SAID + _any_of(parts["here"]) + _SAME_SENTENCE + _any_of(parts["example"]))
    openings = re.compile("|".join(parts["openings"]))
    return Phrases(PieceScreen(screen), openings, *(PhraseSearch(parts[part], screen) for part in _SEARCHED))


def _any_of(phrases: list[str]) -> str:
    return f"(?:{'|'.join(phrases)})"


def _bounded(phrase: str) -> str:
    """The phrase as whole words; characters of scripts without spaces, and of Korean, have no bounds."""
    first = next(filter(str.isalpha, phrase), "a")
    return rf"\b(?:{phrase})(?!\w)" if first < "\u0900" else phrase
