"""Placeholders: gaps in a text that its writer is to fill in, as `[Your Name]`, `<name>`, `{label}`, `XXX`, `____`.

Words in brackets are placeholders if they name something that differs from letter to letter ("company name", "order
number", "insert date"), in the languages of `placeholder_words.csv`. Other brackets are text: "[sic]", "[1]",
"array[i]", "[click here](https://…)", `<b>`, "[laughs]", citations, and options of commands such as `<file>`. In texts
with code, `{name}` and `<name>` are code.
"""

import csv
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources
from itertools import chain

from synthetic_textcat.text.unicode import composed

_BRACKETS = {
    "[": re.compile(r"\[\s?([^\[\]\n]{2,60})\s?\](?![(\[_a-zA-Z\d\u00c0-\u0dff])"),
    "<": re.compile(r"<\s?([^<>/=\n]{2,40})\s?>"),
    "{": re.compile(r"\{\{?\s?([^{}\n;=]{2,40}?)\s?\}?\}"),
    "\uff3b": re.compile(r"\uff3b([^\uff3b\uff3d\n]{1,40})\uff3d"),
    "\u3010": re.compile(r"\u3010([^\u3010\u3011\n]{1,30})\u3011"),
    "(": re.compile(r"\(\s?((?i:your|insert|ihr|ihre|votre|tu|seu|il tuo)\s[^()\n]{2,40})\s?\)"),
}
"""First character -> placeholders in such brackets."""

_LETTER = r"[a-zA-Z\d_\u00c0-\u0dff-]"  # of scripts with spaces
_CIRCLE = (
    "[\u25cb\u25cf\u25ef\u3007\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\\d]"  # of ratings and of years
)
_FILLERS = re.compile(
    rf"""(?<!{_LETTER})X{{3,}}(?!{_LETTER}) | (?<![\w-])X{{2}}[/.-]X{{2}}(?:[/.-](?:XX|X{{4}}|\d{{2,4}}))?
    | (?<![_\w])_{{3,}}(?!\w) | \b(?:N\.\s?N\.)(?=\s*$) | \b(?:TODO|TBD|FIXME)\b(?=\s*[:\]\)]) | (?<!\w)\$\{{\w+\}}
    | %[A-Z_]{{3,}}% | (?<!{_CIRCLE})([\u3007\u25cb\u25ef\u25b3])\1+(?!{_CIRCLE})
    | (?<=\s)\.{{5,}}(?=\s*\n|\s*$)(?<=\s\.\.\.\.\.\.\.\.\.\.)""",
    re.VERBOSE,
)
_LOREM = ("lorem ipsum",)
_OTHERS = {
    "X": ("XX", "FIXME"),
    "D": ("TODO", "TBD"),
    "N": ("N.",),
    ".": (".....",),
    "_": ("___",),
    "$": ("$",),
    "%": ("%",),
    **{circle: (2 * circle,) for circle in "\u3007\u25cb\u25ef\u25b3"},
}
"""Sign -> what has it in other placeholders: a single sign is found ten times as fast as a word."""
_CODE = re.compile(r"""(?<!\w)f["']|```|</|/>|=>|\w\([^()\s]*\);|\)\s?\{|format\(|printf|::""")
_GENITIVE = re.compile(r"['’]s?\b")  # noqa: RUF001
_WORD = re.compile(r"[^\W\d]+")
_FIRST_WITHOUT_SPACES = "\u0e00"  # from Thai on, text may stand directly before a bracket
_MOST_WORDS = 6
_QUOTED = 40


def find_placeholders(text: str) -> Iterator[str]:
    """The placeholders of a text."""
    for opening in filter(text.__contains__, _BRACKETS):
        if not (opening in "{<" and _CODE.search(text)):
            yield from (
                match[0][:_QUOTED]
                for match in _BRACKETS[opening].finditer(text)
                if not _belongs_to_name(text, match.start()) and _is_gap(match[1])
            )
    others = chain.from_iterable(map(_OTHERS.__getitem__, filter(text.__contains__, _OTHERS)))
    if any(map(text.__contains__, others)):
        yield from (match[0][:_QUOTED] for match in _FILLERS.finditer(text))
    if "orem" in text or ("O" in text and "OREM" in text):
        folded = text.casefold()
        yield from (words for words in _LOREM if words in folded)


def _belongs_to_name(text: str, place: int) -> bool:
    """Whether the bracket stands directly behind a name or another bracket, as in "array[name]"."""
    before = text[place - 1] if place else " "
    return (before.isalnum() and before < _FIRST_WITHOUT_SPACES) or before in "_])$"


@lru_cache(maxsize=1024)
def _is_gap(inside: str) -> bool:
    """Whether the words in the brackets name what differs from text to text."""
    folded = composed(inside).casefold().replace("_", " ").replace("-", " ")
    words = _WORD.findall(_GENITIVE.sub("", folded))
    known = _known_words()
    if not words or len(words) > _MOST_WORDS:
        return False
    if words[0] in known["ask"] and len(words) > 1:
        return True
    if any(part in folded for part in known["part"]) or _names_a_fact(folded.strip(), known):
        return True
    return folded.strip() in known["whole"] or (
        len(words) > 1 and words[-1] in known["last"] and _are_nouns(words, known)
    )


def _names_a_fact(inside: str, known: dict[str, frozenset[str]]) -> bool:
    """Whether the words begin or end with those for a name, a number or a date, which another word then specifies."""
    if not inside.isprintable() or any(map(str.isdigit, inside)):
        return False
    has_head = any(inside.startswith((f"{head} ", f"{head}'")) for head in known["head"])
    return has_head or inside.endswith(tuple(known["tail"]))


def _are_nouns(words: list[str], known: dict[str, frozenset[str]]) -> bool:
    return all(word in known["first"] or word in known["last"] for word in words[:-1])


@cache
def _known_words() -> dict[str, frozenset[str]]:
    """Words by their place in a placeholder: ask, first, last, whole, part, head, tail."""
    text = resources.files(__package__).joinpath("placeholder_words.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    places = ("ask", "first", "last", "whole", "part", "head", "tail")
    return {
        place: frozenset(word for row in rows if row["place"] == place for word in row["words"].split(";"))
        for place in places
    }
