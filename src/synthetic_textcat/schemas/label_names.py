"""Names of labels as a model proposes them: without what it writes around them, and each told from the others."""

import re
from collections.abc import Iterable

from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.task_text import CODE_NAME, unquoted
from synthetic_textcat.schemas.tasks import normalise
from synthetic_textcat.text.visible_text import first_invisible, in_visible_line

_MARKUP = re.compile(r"\*\*|`")
_WRAPPING = re.compile(rf"(?!{CODE_NAME}\Z)(\*|__?|~~)(?P<inside>\S.*)\1")
_MOST_WRAPPINGS = 3
_SIGNS = r"_\-\u2010-\u2015"
_BETWEEN_WORDS = re.compile(rf"(?<=[^\s{_SIGNS}])(?:\s[{_SIGNS}]+\s|\s|[{_SIGNS}]+)(?=[^\s{_SIGNS}])")
"""One space, in one of its forms. What stands before or after a word only is a sign of its own: `-1`, `A-`."""


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
    return in_visible_line(line)  # quotes may hold what shows only beside them


def unseen(name: str) -> str | None:
    """What is wrong with a name that a reader can't see whole, in one line; None if nothing is."""
    if (hidden := first_invisible(name)) is None:
        return None
    what = "a line break" if hidden in "\r\n" else f"the invisible character U+{ord(hidden):04X}"
    return f"{shown(name)} holds {what}; write a name in one line, with characters that show"


def taken_for_one(names: Iterable[str]) -> tuple[str, str] | None:
    """Two names that differ in case, closing full stops or the sign between words only; None if no two do.

    It begins with what `Task` compares, so that a set which passes here passes there.
    """
    seen: dict[str, str] = {}
    for name in names:
        key = _BETWEEN_WORDS.sub(" ", normalise(name))
        if key in seen:
            return seen[key], name
        seen[key] = name
    return None
