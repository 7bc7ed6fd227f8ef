"""Cleaning and validation of task sentences and label names in a model's reply."""

import re
from collections.abc import Iterable, Mapping

from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.text.comparison import first_alike
from synthetic_textcat.text.unicode import UNSPACED_LETTER, first_invisible, in_visible_line

LONGEST_SENTENCE = 300
FEWEST_WORDS = 3
LONGEST_ITEM = 10 * LONGEST_SENTENCE
"""Limit of an item with everything around its sentence; longer items are skipped, since patterns are slow on them."""
LETTERS_A_WORD = 2  # in scripts without spaces; Thai words are longer

_SENTENCE_KEYS = ("task", "sentence", "description", "text")
NUMBERING = (
    r"(?:[(\uff08]?\d{1,4}[.):\uff0e\uff09\uff1a\u3001](?!\d)|#\d{1,4}[.):]?"
    r"|(?:classification )?task\s*(?:#?\d{1,4}\s*[.):\u2013\u2014-]|:))"
)
"""Pattern of an item's number: `1.`, `(2)`, `#3`, `Task 4:`, `5、`. Needs IGNORECASE."""

CODE_NAME = r"__[a-z0-9_]+__"
"""Pattern of a name that contains underscores, as in Python: `__init__`. Around other words they are markup."""

BULLET = r"(?:[-*+\u2013\u2014](?=\s)|[\u2022\u2023\u25aa\u25cf\u25e6\u30fb\u2192\u2460-\u2473])"

_CHECKBOX = r"\[[ xX\u2713\u2714]?\]"
_PREFIX = re.compile(rf"(?:{BULLET}|{NUMBERING}|{_CHECKBOX}|(?:#+|>|\(?[a-z]\))\s)\s*", re.IGNORECASE)
_MOST_PREFIXES = 4
_TITLE = re.compile(r"\*\*(?P<title>[^*]+?)(?::\s*\*\*|\*\*\s*(?:[:\uff1a]|[-\u2013\u2014](?=\s)))\s*(?P<rest>\S.*)")
_MARKUP = re.compile(r"\*\*|`")
_TAG = re.compile(r"<(/?)(li|ul|ol|p|b|i|em|strong|code|span|div|task|item)\b[^<>]*>", re.IGNORECASE)
_UNDERLINED = re.compile(rf"(?<!\w)(?!{CODE_NAME})__(?=\S)(?P<inside>(?:(?!__).)+)(?<=\S)__(?!\w)")
_NEXT_SENTENCE = re.compile(
    r"(?<=\w\w)[.!?][\"')]*\s+(\w)|[\u3002\uff01\uff1f\u0964\u06d4\u061f][\"')\u300d\u300f\u201d]*\s*\w|<br\s*/?>"
)
_BRACKETED = re.compile(r"\[.*\]|\{.*\}|\(['\"].*\)")
_SEVERAL_SENTENCES = 2  # a task may have a second one, but a whole list in one item is no task
_CHATTER = re.compile(
    r"(?:here (?:are|is)|sure|certainly|of course|let me|i(?:['\u2019](?:m|d|ll|ve))?|sorry|as an)"
    r"(?=[\s,!:;\u2013\u2014]|\.\s|\.?$)",  # and no other sign: `I/O errors`, `Sure-fire bets`
    re.IGNORECASE,
)
_SEPARATORS = (
    re.compile(  # bullets, numbers, tags, quotes: between two sentences they are a list
        r"</?(?:li|ul|ol)\b[^<>]*>|[\u2022\u2023\u25aa\u25cf\u25e6\u2192\u2460-\u2473|\t]|(?<=\")\s*,\s*(?=\")"
        r"|(?:^|(?<=[\s:;\u3002\uff1b]))(?:(?:task\s*#?)?[(\uff08]?\d{1,3}[.):\uff0e\uff09\uff1a\u3001](?!\d)"
        r"|#\d{1,3}(?=\s)|\(?[a-z]\)(?=\s))",
        re.IGNORECASE,
    ),
    re.compile(r"[;\uff1b\u30fb]|\s/\s|(?:^|\s)[-*+\u2013\u2014]\s"),  # sentences have these too: between three
)
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb"}
_WRAPPING = re.compile(rf"(?!{CODE_NAME}\Z)(\*|__?|~~)(?P<inside>\S.*)\1")
_MOST_WRAPPINGS = 3
_SIGNS = r"_\-\u2010-\u2015"
_BETWEEN_WORDS = re.compile(rf"(?<=[^\s{_SIGNS}])(?:\s[{_SIGNS}]+\s|\s|[{_SIGNS}]+)(?=[^\s{_SIGNS}])")
"""A separator between two words. A sign at one side only belongs to the word: `-1`, `A-`."""


def sentence_of(item: object) -> str | None:
    """The item's sentence without numbering, bullets, prefixes and quotes; None if it can't describe a task.

    An item may be a text, or an object with texts: the one under a known key, else the longest, counts.
    """
    if isinstance(item, Mapping):
        return _sentence_in(item)
    if not isinstance(item, str) or len(item) > LONGEST_ITEM or _is_list(item):
        return None
    cleaned = _cleaned(item)
    sentence = in_visible_line(cleaned) if len(cleaned.splitlines()) == 1 else ""
    return sentence if _is_usable(sentence) else None


def _sentence_in(item: Mapping[str, object]) -> str | None:
    texts = {str(key).casefold(): text for key, text in item.items() if isinstance(text, str)}
    longest_first = sorted(texts.values(), key=len, reverse=True)
    candidates = [texts[key] for key in _SENTENCE_KEYS if key in texts] + longest_first
    return next((found for text in candidates if (found := sentence_of(text)) is not None), None)


def _is_list(item: str) -> bool:
    """Whether separators divide the item into several sentences: each has its bullet, or most begin in upper case."""
    text = item.strip()
    has_bullets = not text[:1].isalnum() and f" {text[:1]} " in text[1:]
    for fewest, separator in enumerate(_SEPARATORS, start=2):
        parts = separator.split(text) if separator.search(text) else []
        sentences = list(filter(None, map(sentence_of, parts))) if len(parts) >= fewest else []
        if len(sentences) >= fewest and (has_bullets or not _is_continued(sentences)):
            return True
    return False


def _is_continued(sentences: list[str]) -> bool:
    """Whether the first begins in upper case, and half of the others or more in lower case: parts of one sentence."""
    is_lower = [next(filter(str.isalpha, sentence)).islower() for sentence in sentences]
    return not is_lower[0] and 2 * sum(is_lower) >= len(is_lower) - 1


def _cleaned(text: str) -> str:
    text = _MARKUP.sub("", _untagged(_without_title(_without_prefixes(text))))
    return _without_prefixes(_UNDERLINED.sub(r"\g<inside>", text))


def _untagged(text: str) -> str:
    """The text without tags at its ends or in pairs; others may be its subject: `by the <p> or <li> element`."""
    closed = {tag[2].casefold() for tag in _TAG.finditer(text) if tag[1]}

    def kept(tag: re.Match[str]) -> str:
        is_markup = tag[2].casefold() in closed or tag.start() == 0 or tag.end() == len(text)
        return "" if is_markup else tag[0]

    return _TAG.sub(kept, text)


def _without_prefixes(text: str) -> str:
    for _ in range(_MOST_PREFIXES):
        text = unquoted(_PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text)
    return text


def _without_title(text: str) -> str:
    """The text without a bold title that is too short for a sentence: `**Claims triage**: Sort ...`."""
    match = _TITLE.fullmatch(text)
    return match["rest"] if match and _words(match["title"]) < FEWEST_WORDS else text


def unquoted(text: str) -> str:
    """The text without surrounding white space, trailing commas and a surrounding pair of quotes."""
    text = text.strip().rstrip(",;").rstrip()
    return text[1:-1].strip() if len(text) > 1 and _QUOTES.get(text[0]) == text[-1] else text


def _is_usable(sentence: str) -> bool:
    if not 0 < len(sentence) <= LONGEST_SENTENCE:
        return False
    # a sentence begins with a capital, in scripts that have them
    more = sum(not (match[1] or "A").islower() for match in _NEXT_SENTENCE.finditer(sentence))
    is_chatter = sentence.endswith(":") or _CHATTER.match(sentence) is not None
    is_code = _BRACKETED.fullmatch(sentence) is not None
    return _words(sentence) >= FEWEST_WORDS and more < _SEVERAL_SENTENCES and not is_chatter and not is_code


def _words(sentence: str) -> int:
    """Number of words; in scripts without spaces `LETTERS_A_WORD` letters count as one word."""
    unspaced = sum(map(str.isalpha, UNSPACED_LETTER.findall(sentence)))
    spaced = sum(any(map(str.isalpha, word)) for word in UNSPACED_LETTER.sub(" ", sentence).split())
    return spaced + unspaced // LETTERS_A_WORD


def plain_line(text: object) -> object:
    """A text as one line of visible characters without markup; other values unchanged."""
    return in_visible_line(_MARKUP.sub("", text)) if isinstance(text, str) else text


def plain_name(name: object) -> object:
    """The name without quotes, asterisks, underscores and a trailing comma around it."""
    line = plain_line(name)
    if not isinstance(line, str):
        return name
    for _ in range(_MOST_WRAPPINGS):
        match = _WRAPPING.fullmatch(line)
        line = unquoted(match["inside"] if match else line)
    return in_visible_line(line)  # quotes may have enclosed only invisible characters


def unseen(name: str) -> str | None:
    """Error message for a name with invisible characters or line breaks; None for a valid name."""
    if (hidden := first_invisible(name)) is None:
        return None
    what = "a line break" if hidden in "\r\n" else f"the invisible character U+{ord(hidden):04X}"
    return f"{shown(name)} contains {what}; write the name on one line, with visible characters"


def taken_for_one(names: Iterable[str]) -> tuple[str, str] | None:
    """Two names that differ only in case, final full stops or separators between words; None if there are none.

    It normalises at least as much as `Task`, so that a set that passes here passes there.
    """
    return first_alike(names, lambda form: _BETWEEN_WORDS.sub(" ", form))
