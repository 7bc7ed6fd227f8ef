"""Label leakage: a text that names a label in any form of it, by the rules of its language (`text.label_mentions`)."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from synthetic_textcat.schemas.languages import find_language, rules_code
from synthetic_textcat.text.comparison import canonical, comparable
from synthetic_textcat.text.label_mentions import LONGEST_ACRONYM, find_mention

_AROUND_A_NAME = " \t\r\n.,:;!?\"'`*_#-()[]{}<>«»“”„‘’。、！？「」"  # noqa: RUF001
_LONGEST_ENDING = 10  # characters
_NO_LABEL = re.compile(r"no(?:ne|ne of (?:the|these|those|them)(?: labels)?| labels?(?: fits?| appl(?:y|ies))?)")


def find_label_mention(text: str, label: str, language: str | None, compared: str | None = None) -> str | None:
    """First mention of the label in the text, in the text's spelling, or None.

    Args:
        text: As written. If it was normalised before, it has no capitals, and so names no label in capitals.
        label: As written. If it was normalised before, it is found in any case.
        language: Requested language of the text, name or code; without it, inflected forms do not count.
        compared: The text in its comparison form for this language, if at hand: it saves most of the time.
    """
    return find_mention(text, label, code_of(language), compared)


def leaked_labels(
    text: str, labels: Iterable[str], label_set: frozenset[str], language: str | None, compared: str
) -> Iterator[str]:
    """The labels of a row that its text names, each quoted, with the text's form of it where that differs.

    Args:
        text: As written.
        labels: The row's labels and its misleading label.
        label_set: The closed label set of its task; empty for an open one.
        language: Requested language, name or code.
        compared: The text in its comparison form.
    """
    code = code_of(language)
    set_in_capitals = _is_in_capitals(label_set)
    for label in labels:
        found = find_mention(text, label.casefold() if set_in_capitals else label, code, compared)
        if found is not None:
            yield repr(label) if comparable(found, code) == comparable(label, code) else f"{label!r} as {found!r}"


def only_label(text: str, label_set: frozenset[str], language: str | None) -> str | None:
    """A label of the set, if the text is no more than its name."""
    bare = text.strip(_AROUND_A_NAME)
    if len(bare) > _longest_of(label_set) + _LONGEST_ENDING:
        return None
    code = code_of(language)
    form = comparable(bare, code)
    for label in sorted(label_set):
        if comparable(label, code) == form or canonical(find_mention(bare, label, code) or "") == canonical(bare):
            return label
    return None


def only_no_label(text: str) -> str | None:
    """The words, in English as the prompt is, if the text says no more than that no label fits."""
    bare = text.strip(_AROUND_A_NAME)
    return bare if _NO_LABEL.fullmatch(bare.casefold()) else None


@lru_cache(maxsize=1024)
def code_of(language: str | None) -> str | None:
    """Code of the language, name or code, by whose rules a text is read; None without one."""
    return None if language is None else rules_code(find_language(language))


@lru_cache(maxsize=1024)
def _longest_of(labels: frozenset[str]) -> int:
    return max(map(len, labels), default=-_LONGEST_ENDING)


@lru_cache(maxsize=1024)
def _is_in_capitals(labels: frozenset[str]) -> bool:
    """Whether a set is written in capitals, POSITIVE and BAD: then they say nothing of the way it stands in texts."""
    return all(map(str.isupper, labels)) and any(len(label) > LONGEST_ACRONYM for label in labels)
