r"""Artefacts of encodings, escapes and chat templates in texts, and texts without words.

**Characters.** Control characters, noncharacters and U+FFFD, which stands for bytes that could not be decoded; tabs and
line ends are text. Replies come with control characters escaped (`text.unicode.visible_controls`).

**Mojibake.** UTF-8 that was read by another encoding. ftfy knows the pairs of characters that no language writes next
to one another. Of 15,290 translated texts in some 90 languages (Django 5.2, Sphinx 9.0) that were read wrongly, it
finds 98 % for Windows-1252, 87 % for code page 437 and 82 % for Windows-1250; with the patterns below it is 99.5, 89
and 98 %. It takes none of the texts as they were for mojibake, nor do these.

**Escapes.** `\u00e9`, `\x1b`, a literal `\n` at the end of a sentence or line, `\"`, and HTML entities.

**Template tokens.** Marks of chat templates and tokenisers, as `<|im_end|>`, `[INST]`, `</s>` or `<start_of_turn>`.

**No text.** Neither a letter nor a pictograph; a single address or identifier; a reply's field, or a value of the
prompt, alone; JSON.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

FIELDS = ("input_text", "label", "misleading_label")

_NO_CHARACTER = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufff9-\ufffb\ufffd-\uffff]")
_ESCAPE = re.compile(
    r"""\\u[0-9a-fA-F]{4} | \\x[0-9a-fA-F]{2} | \\N\{[A-Z -]+\} | \\" (?=\w) | (?<=\w)[.!?,;]? \\" | \\n\\n
    | (?<=[\w.!?,;)])\\n(?=\s|[-*•\dA-ZÀ-Ý]|[^\W\d_a-zß-ÿ]|\Z)""",  # not in a path, nor where it is quoted
    re.VERBOSE,
)
_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|hellip|[lr][sd]quo|[mn]dash|[a-z]{1,6}(?:uml|acute|grave|circ)|szlig|"
    r"#\d{2,6}|#x[0-9a-fA-F]{2,5});"
)
_TOKEN = re.compile(
    r"""<\|(?:im_|end|eot|start|begin|system|user|assistant|channel|message|pad|fim_|sep|tool)\w*\|>
    | <\uff5c[^<>\uff5c]{1,40}\uff5c> | \[/?(?:INST|SYS|TOOL_[A-Z]+)\] | <</?SYS>>
    | \[(?:BOS|EOS|PAD|UNK|CLS|SEP|MASK)\] | </s> | <s>(?=\s*\[) | <(?:bos|eos|pad|unk)> | </?(?:start|end)_of_turn>
    | <0x[0-9A-F]{2}> | </?think(?:ing)?> | </?tool_(?:call|response)> | <\|?(?:im_start|im_end|endoftext|eot_id)\|?>
    | ^\#\#\#\s*(?:Instruction|Response|Input|Human|Assistant|User|System)\b:? | [ĠĊ▁](?=\w)""",
    re.VERBOSE | re.MULTILINE,
)
_MAY_BE_TOKEN = ("<", "[", "Ġ", "▁")  # single signs are found ten times as fast as words
_HIGH = "\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122"
_MOJIBAKE = re.compile(rf"[\u00c2-\u00f4][{_HIGH}]+")
_LATIN_LEADS = "ÂÃ"
_OTHER_MOJIBAKE = re.compile(
    "(?:[\u2568\u2564][\u0401-\u0457\u2500-\u259f\u2116\u00a4\u00b0\u00b7\u221a]){2}"
    "|(?<=[a-z\u00df-\u00f6])[\u0102\u00c4\u0139\u0106][\u00a0-\u00b8\u02c7\u02d8\u02db\u02dd\u203a\u2022\u2122\u0141\u0142\u0104\u0105\u013d\u013e\u015a\u015b\u015e\u015f\u0160\u0161\u0164\u0165\u0179-\u017e]"
    "|\u951f\u65a4\u62f7"
)
"""UTF-8 that ftfy does not know for such: Cyrillic read as code page 866, Central European letters as Windows-1250, and
replacement characters as GBK."""
_OTHER_LEADS = re.compile("[\u2568\u2564\u0102\u00c4\u0139\u0106\u951f]")
_SIGNS_OF_MOJIBAKE = (
    "c1",
    "bad",
    "law",
    "currency",
    "start_punctuation",
    "end_punctuation",
    "numeric",
    "upper_accented",
    "box",
)
"""Kinds of characters in ftfy, one of which is in each pair that it knows, or one of the letters below."""
_LEADS_OF_MOJIBAKE = "\u00d9\u0152\u0153\u00c2\u00c3\u0402\u0412\u0413\u0420\u0421\u0392\u0393\u039e\u039f"
_PERCENT = re.compile(r"(?:%[C-F][0-9A-F](?:%[89AB][0-9A-F])+)+")
_PUNCTUATION = "«»“”„‘’‚‹›…–—°®™©¡¿"  # noqa: RUF001
_SINGLE = re.compile(r"(?:https?://|www\.)\S+|\S*\w_\w\S*|[\w./:@#-]*\d[\w./:@#-]*")
_MOSTLY_DIGITS = 1 / 2
_FIELD = re.compile(
    r"""["'`*<>/\s]* (?:input[_\ ]?text|misleading[_\ ]?label|label|string|text|json|null|undefined|n/?a|in\ english
    |(?:(?:this|here)\ is\ )?(?:my|your|the|an?|some)\ (?:input\ |own\ )?text(?:\ here)?
    |(?:high\ school|college|phd)\ (?:level|education|level\ education)) ["'`*<>\s]*[:,.]?["'`*\s]*""",
    re.IGNORECASE | re.VERBOSE,
)
_KEY = re.compile(r"""["']?\b(?:input_text|misleading_label)\b["']?\s*[:=]""")
_LEADING_KEY = re.compile(
    r"""\s*(?: ["'](?:input_?text|text|label)["']\s*:\s*["']
    | (?:\*\*|__|\#+\s*|<)?(?:input[_ ]text|misleading[_ ]label)\s*[:>])""",
    re.VERBOSE | re.IGNORECASE,
)
_FENCES = ("```", "~~~")
_FENCED = re.compile(r"\s*(?:```|~~~)\w*\s*(?=[\[{])")
_LONGEST_JSON = 20_000
_QUOTED = 40


def find_artefacts(text: str) -> Iterator[str]:
    """The artefacts of a text, quoted."""
    if not text.isprintable():  # nor is a text with line ends
        yield from (f"U+{ord(match[0]):04X}" for match in _NO_CHARACTER.finditer(text))
    elif "\ufffd" in text:
        yield "U+FFFD"
    if "\\" in text:
        yield from map(_quoted, _ESCAPE.finditer(text))
    if "&" in text:
        yield from map(_quoted, _ENTITY.finditer(text))
    if any(map(text.__contains__, _MAY_BE_TOKEN)) or ("#" in text and "###" in text):
        yield from map(_quoted, _TOKEN.finditer(text))
    if not text.isascii():
        yield from (repr(found[:_QUOTED]) for found in _mojibake(text))
    if "%" in text and "://" not in text:
        yield from map(_quoted, _PERCENT.finditer(text))
    if "_" in text:
        yield from map(_quoted, _KEY.finditer(text))


def _mojibake(text: str) -> Iterator[str]:
    """UTF-8 that was read by another encoding. Single signs settle most texts, in a hundredth of the time."""
    ftfy = mojibake_pairs()
    if ftfy.signs.search(text) and ftfy.signs_in_place.search(text):
        yield from (match[0] for match in ftfy.pairs.finditer(text))
    yield from (match[0] for match in _MOJIBAKE.finditer(text) if _is_mojibake(match[0]))
    if _OTHER_LEADS.search(text):
        yield from (match[0] for match in _OTHER_MOJIBAKE.finditer(text))


class MojibakePairs(NamedTuple):
    """Ftfy's pattern of mojibake, and what each match of it has.

    Attributes:
        pairs: Characters that no language writes next to one another.
        signs: One of the characters without which there is no match: no language's small letters are among them.
        signs_in_place: Two characters in a row that are not ASCII, or one that makes a match with ASCII around it.
    """

    pairs: "re.Pattern[str]"
    signs: "re.Pattern[str]"
    signs_in_place: "re.Pattern[str]"


@cache
def mojibake_pairs() -> MojibakePairs:
    """Ftfy's pattern, imported at the first text that is not ASCII: it takes a tenth of a second."""
    from ftfy.badness import BADNESS_RE, MOJIBAKE_CATEGORIES

    signs = "".join(MOJIBAKE_CATEGORIES[kind] for kind in _SIGNS_OF_MOJIBAKE)
    return MojibakePairs(
        BADNESS_RE,
        re.compile(f"[{signs}{_LEADS_OF_MOJIBAKE}]"),
        re.compile(f"[^\x00-\x7f]{{2}}|[{MOJIBAKE_CATEGORIES['c1']}{_LEADS_OF_MOJIBAKE}]"),
    )


def _quoted(match: "re.Match[str]") -> str:
    return repr(match[0].strip()[:_QUOTED]).replace("\\\\", "\\")


def _is_mojibake(run: str) -> bool:
    """Whether the run begins with UTF-8 that was read as Windows-1252 or Latin-1.

    A capital before a closing quotation mark is no such pair («BEAUTÉ»), but for the two leads of Latin letters.
    """
    if run[0] not in _LATIN_LEADS and run[1] in _PUNCTUATION and run[0] < "\u00e0":
        return False
    for encoding in ("cp1252", "latin-1"):
        try:
            read = run[:4].encode(encoding)
        except UnicodeEncodeError:
            continue
        length = 2 + (read[0] >= 0xE0) + (read[0] >= 0xF0)  # of the character that the lead byte announces
        try:
            read[:length].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return len(read) >= length
    return False


def find_no_text(text: str) -> str | None:
    """Why a text has no words to be classified; None if it has some."""
    stripped = text.strip()
    if len(stripped) < _QUOTED and _FIELD.fullmatch(stripped):
        return f"a field or value of the prompt alone: {stripped!r}"
    if (key := _LEADING_KEY.match(stripped)) is not None:
        return f"begins with the name of a field: {key[0].strip()!r}"
    if any(map(stripped[:_QUOTED].__contains__, _FENCES)):
        stripped = _FENCED.sub("", stripped[:_QUOTED]) + stripped[_QUOTED:]
    if not any(map(str.isalpha, stripped[:200])) and not any(map(_is_said, stripped)):
        return f"no letter: {stripped[:_QUOTED]!r}"
    if " " not in stripped and _SINGLE.fullmatch(stripped) and _is_identifier(stripped):
        return f"an address or identifier: {stripped[:_QUOTED]!r}"
    return f"JSON: {stripped[:_QUOTED]!r}" if stripped[:1] in ("{", "[") and _is_json(stripped) else None


def _is_said(character: str) -> bool:
    """Whether the character says something alone: a letter, or a pictograph."""
    return character.isalpha() or unicodedata.category(character) == "So"


def _is_identifier(word: str) -> bool:
    digits, letters = sum(map(str.isdigit, word)), sum(map(str.isalpha, word))
    return "://" in word or word.startswith("www.") or "_" in word or digits >= _MOSTLY_DIGITS * (digits + letters)


def _is_json(text: str) -> bool:
    """Whether it is a JSON object, or a list of objects or texts; cut or not."""
    if text[1:].lstrip()[:1] not in ('"', "{", "}", "]", "["):
        return False
    try:
        return isinstance(json.loads(text[:_LONGEST_JSON]), dict | list)
    except (ValueError, RecursionError):
        return re.match(r'[\[{\s]*"[^"]{1,60}"\s*:\s*["{\[\d]', text) is not None
