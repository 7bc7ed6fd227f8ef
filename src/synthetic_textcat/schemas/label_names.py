"""Names of labels as a model proposes them: without what it writes around them, and each told from the others."""

import re
from collections.abc import Iterable

from synthetic_textcat.same_text import normalised
from synthetic_textcat.schemas.task_sentences import unquoted
from synthetic_textcat.visible_text import in_visible_line

_MARKUP = re.compile(r"\*\*|`")
_WRAPPING = re.compile(r"(\*|__?|~~)(?P<inside>\S.*)\1")
_MOST_WRAPPINGS = 3
_BETWEEN_WORDS = re.compile(r"[\s_\-\u2010-\u2015]+|\.$")


def plain_line(text: object) -> object:
    """A text in one line of characters that show, without markup; anything else as it is."""
    return in_visible_line(_MARKUP.sub("", text)) if isinstance(text, str) else text


def plain_name(name: object) -> object:
    """The same, also without what is written around a name: quotes, stars, underscores, a closing comma."""
    line = plain_line(name)
    if not isinstance(line, str):
        return name
    for _ in range(_MOST_WRAPPINGS):
        match = _WRAPPING.fullmatch(line)
        line = unquoted(match["inside"] if match else line)
    return line


def taken_for_one(names: Iterable[str]) -> tuple[str, str] | None:
    """Two names that differ in case, spaces, hyphens, underscores or a closing full stop only; None if no two do."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(_BETWEEN_WORDS.sub("", normalised(name)), name)
        if first is not name:
            return first, name
    return None
