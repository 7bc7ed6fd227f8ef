"""Language check: the script of a text, then the language identified from its letters.

A false `wrong` costs a paid row, so the verdict needs clear evidence. Of 86,424 messages of 20 letters or more in the
catalogs of two programs, in 81 locales, 90 are judged wrong (.10 %, some of them really English), of the 37,505 with 40
or more 24; of 114,439 shorter ones 28, most of them identifiers.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import regex
from numpy.typing import NDArray

from synthetic_textcat.errors import StorageError
from synthetic_textcat.file_errors import about_file
from synthetic_textcat.pipelines.quality_report.checks.scripts import (
    is_identified_by_script,
    is_written_so,
    letters_by_script,
    most_frequent_script,
    scripts_of,
    shown,
)
from synthetic_textcat.schemas.languages import Language, base_of, find_language, languages
from synthetic_textcat.text.language_model import ROUNDING, BatchIdentifier, Probabilities

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_LETTERS = 20
"""Minimum letters of a text for a verdict."""

GROUPS = (
    frozenset({"bs", "hr", "sr"}),  # nearly the same grammar: 20 to 60 % of real texts are identified as another one
    frozenset({"id", "ms"}),  # 13 to 25 %
    frozenset({"no", "da"}),  # 6 to 9 %, and Bokmål is written Danish
    frozenset({"gl", "es"}),  # 5 to 7 %
)
"""Groups of easily confused languages; a language agrees with any of its group. Other related pairs (Czech and Slovak,
Dutch and Afrikaans, …) are confused too, but never with enough confidence to pass `_SURELY_NOT`."""

ADDED = frozenset({"an", "fo", "kab", "lb", "lg", "nn", "nso", "oc", "rw", "vec", "wa", "zu"})
"""Languages that the table lacks and the model knows: each is identified among the table's languages and itself.

Of 4,619 messages of 20 letters or more in the catalogs of three programs, 1 is judged wrong. Related languages given in
their place are confirmed in at most 2 % of the messages, but Xhosa in place of Zulu in 10 %. The model knows others,
which are not verifiable: dialects of Arabic and Chinese, and those for which there were no texts to measure.
"""

_KNOWN_AS = {"nb": "no"}
"""Languages that the model has by another code."""

_EXCERPT = 300  # characters: enough to identify the language, and long texts cost no more
_END = 60  # characters at either end: they settle most texts, at less than half the cost
_SURELY = 0.99  # at this level, nine in ten of the texts that switch language are found as with the whole excerpt
_MOSTLY = 1 / 2
_HARDLY = 1 / 4  # brand names and code put Latin letters into any language, and a Latin word has more of them
_SURELY_NOT = 0.05  # probability of the requested group
_LIKELY = 0.3  # probability of the likeliest other language; a title of names resembles many languages a little
_A_WORD = regex.compile(r"\p{L}\p{M}*\p{L}")  # a formula has single letters
_LATIN_NAME = re.compile(r"[A-Za-z\u00c0-\u024f]*[A-Z0-9\u00c0-\u00de][0-9A-Za-z\u00c0-\u024f'’.&+#-]*")  # noqa: RUF001
"""Words with a capital or a digit: Microsoft, iPhone, M365."""

_LEAST_OWN_LETTERS_A_NAME = 1 / 2  # with fewer it is an English title with a word of another script
_CHINESE = {"Hans": ("gb2312", "Simplified Chinese"), "Hant": ("big5", "Traditional Chinese")}
"""Script → the character set that has it, and its name."""

_LEAST_OF_OTHER_FORM = 3  # characters
_TIMES_OWN_FORM = 4  # quotations and names keep their form
_IN_NO_PROSE = "/\\@_"
_NO_PROSE = re.compile(r"[!-~]*[/\\@_][!-~]*")  # addresses, paths and identifiers


@dataclass(frozen=True, slots=True)
class LanguageFinding:
    """Result of the language check.

    Attributes:
        verdict: `not verifiable` if the text is too short, the language can't be identified, or the evidence is weak.
        found: Language or script of the text, if wrong.
    """

    verdict: Literal["agrees", "wrong", "not verifiable"]
    found: str = ""


_AGREES, _NOT_VERIFIABLE = LanguageFinding("agrees"), LanguageFinding("not verifiable")


def can_agree(asked: str) -> bool:
    """Whether the check can confirm this language (name or code); otherwise texts are wrong or not verifiable."""
    language = find_language(asked)
    return is_identified_by_script(language) or bool(_group(language))


def check_language(text: str, asked: str) -> LanguageFinding:
    """Verdict on the language of the text's beginning, against the requested language (name or code)."""
    seen = _by_letters(text, _asked_for(asked))
    if isinstance(seen, LanguageFinding):
        return seen
    return _concluded(seen, _by_probability(seen.text, seen.asked.group, seen.asked.added))


def check_languages(texts: Sequence[str], asked: Sequence[str]) -> list[LanguageFinding]:
    """The verdicts of `check_language` on many texts, in a fifth of its time.

    Args:
        texts: As the model wrote them.
        asked: Requested language of each text, name or code.
    """
    seen = [_by_letters(text, _asked_for(name)) for text, name in zip(texts, asked, strict=True)]
    read: dict[int, LanguageFinding] = {}
    for added in sorted({each.asked.added for each in seen if isinstance(each, _Doubtful)}):
        doubtful = {
            at: each for at, each in enumerate(seen) if isinstance(each, _Doubtful) and each.asked.added == added
        }
        texts, groups = [each.text for each in doubtful.values()], [each.asked.group for each in doubtful.values()]
        read |= dict(zip(doubtful, _by_probabilities(texts, groups, added), strict=True))
    return [each if isinstance(each, LanguageFinding) else _concluded(each, read[at]) for at, each in enumerate(seen)]


class _Asked(NamedTuple):
    """Facts of a language that was asked for, by which a text is judged.

    Attributes:
        language: The language.
        scripts: Those in which it is written, as `letters_by_script` names them.
        by_script: Whether its script identifies it.
        group: Codes that count as this language; empty if the model can't identify it.
        added: Code of the language, if the table lacks it: it is identified among the table's languages and itself.
    """

    language: Language
    scripts: frozenset[str]
    by_script: bool
    group: frozenset[str]
    added: str


@lru_cache(maxsize=1024)
def _asked_for(name: str) -> _Asked:
    """The language of this name or code: found anew for each text, these facts would cost as much as its letters."""
    language = find_language(name)
    added = base_of(language) if base_of(language) in ADDED else ""
    return _Asked(language, scripts_of(language), is_identified_by_script(language), _group(language), added)


class _Doubtful(NamedTuple):
    """A text whose letters do not settle its language.

    Attributes:
        text: What is read of it.
        is_long: Whether it has enough letters to be called wrong.
        asked: Facts of the language that was asked for.
    """

    text: str
    is_long: bool
    asked: _Asked


def _by_letters(text: str, asked: _Asked) -> LanguageFinding | _Doubtful:
    """The verdict by script and number of letters, if these settle it."""
    text = _prose_of(text[:_EXCERPT])
    letters = letters_by_script(text)
    total = sum(letters.values())
    own = sum(count for script, count in letters.items() if script in asked.scripts)
    if own == 0 and total > 1 and asked.scripts and _A_WORD.search(text):
        return _in_letters_of(text, letters)
    if total < MIN_LETTERS or not asked.scripts:
        return _other_chinese(text, asked.language) or _NOT_VERIFIABLE
    if own < total and own and "LATIN" not in asked.scripts:
        text, letters = _without_names(text, letters, own)
        total = sum(letters.values())
    if own < _HARDLY * total:
        return _in_letters_of(text, letters)
    if own >= _MOSTLY * total and asked.by_script:
        return _AGREES
    if asked.group:
        return _Doubtful(text, total >= MIN_LETTERS, asked)
    return _other_chinese(text, asked.language) or _NOT_VERIFIABLE


def _concluded(seen: _Doubtful, read: LanguageFinding) -> LanguageFinding:
    """The verdict on a text by what it reads as."""
    if read.verdict == "wrong":
        return read if seen.is_long else _NOT_VERIFIABLE
    return _other_chinese(seen.text, seen.asked.language) or read


def _in_letters_of(text: str, letters: Mapping[str, int]) -> LanguageFinding:
    return LanguageFinding("wrong", f"its letters are {shown(most_frequent_script(text, letters))}")


def _without_names(text: str, letters: dict[str, int], own: int) -> tuple[str, dict[str, int]]:
    """The text without the names in Latin letters that any language takes over, unless it is little else."""
    if "LATIN" not in letters or own < _LEAST_OWN_LETTERS_A_NAME * len(_LATIN_NAME.findall(text)):
        return text, letters
    text = _LATIN_NAME.sub(" ", text)
    return text, letters_by_script(text)


def _other_chinese(text: str, language: Language) -> LanguageFinding | None:
    """The finding on a text in the other form of Chinese characters than was asked for, if that is clear."""
    if language.script not in _CHINESE:
        return None
    characters = {script: len(_only_in(script).findall(text)) for script in _CHINESE}
    own = characters.pop(language.script)
    ((other, count),) = characters.items()
    if count < _LEAST_OF_OTHER_FORM or count < _TIMES_OWN_FORM * own:
        return None
    return LanguageFinding("wrong", f"its characters are {_CHINESE[other][1]}")


@cache
def _only_in(script: str) -> re.Pattern[str]:
    """The characters that are in daily use in one form of Chinese only.

    The national character sets tell: GB 2312 has 6,763 simplified characters, Big5 has 13,053 traditional ones.
    """
    own, other = (_CHINESE[each][0] for each in (script, *_CHINESE.keys() - {script}))
    characters = (chr(code) for code in range(0x4E00, 0xA000))
    return re.compile(f"[{''.join(each for each in characters if _has(own, each) and not _has(other, each))}]")


def _has(encoding: str, character: str) -> bool:
    try:
        return bool(character.encode(encoding))
    except UnicodeEncodeError:
        return False


def _prose_of(text: str) -> str:
    return _NO_PROSE.sub(" ", text) if any(map(text.__contains__, _IN_NO_PROSE)) else text


def _both_ends(text: str) -> str:
    """Both ends of the text: a switch to another language shows at the end."""
    return text if len(text) <= 2 * _END else f"{text[:_END]} {text[-_END:]}"


def _by_probability(text: str, group: frozenset[str], added: str) -> LanguageFinding:
    identifier = _identifier(added)
    likeliest, probability = identifier.classify(_both_ends(text))
    if likeliest in group and probability >= _SURELY:
        return _AGREES
    probabilities = dict(identifier.rank(text))
    probability = sum(probabilities[code] for code in group)
    if probability >= _MOSTLY:
        return _AGREES
    likeliest = max(probabilities, key=probabilities.__getitem__)
    if probability >= _SURELY_NOT or probabilities[likeliest] < _LIKELY:
        return _NOT_VERIFIABLE
    return LanguageFinding("wrong", _reads_as(likeliest))


def _by_probabilities(texts: Sequence[str], groups: Sequence[frozenset[str]], added: str) -> list[LanguageFinding]:
    """The findings of `_by_probability`, which decides itself wherever rounding could."""
    labels = _batch(added).labels
    ends = _batch(added).probabilities([_both_ends(text) for text in texts])
    highest, likeliest = ends.max(axis=1, initial=0), ends.argmax(axis=1).tolist()
    is_sure, is_close = (highest >= _SURELY).tolist(), _is_close(highest, _SURELY).tolist()
    findings: list[LanguageFinding | None] = [
        _by_probability(text, group, added) if close else _AGREES if sure and labels[best] in group else None
        for text, group, close, sure, best in zip(texts, groups, is_close, is_sure, likeliest, strict=True)
    ]
    unread = [place for place, finding in enumerate(findings) if finding is None]
    read = _whole([texts[place] for place in unread], [groups[place] for place in unread], added)
    return [finding or next(read) for finding in findings]


def _whole(texts: Sequence[str], groups: Sequence[frozenset[str]], added: str) -> Iterator[LanguageFinding]:
    """The findings on whole excerpts whose ends do not settle them."""
    labels = _batch(added).labels
    probabilities = _batch(added).probabilities(texts)
    own, highest = _of_group(probabilities, groups, labels), probabilities.max(axis=1, initial=0)
    second = np.partition(probabilities, -2, axis=1)[:, -2] if len(texts) else highest
    is_close = _is_close(own, _MOSTLY) | _is_close(own, _SURELY_NOT) | _is_close(highest, _LIKELY)
    is_close |= (own < _MOSTLY) & (highest < second * (1 + 2 * ROUNDING))
    likeliest = probabilities.argmax(axis=1)
    for place, close in enumerate(is_close.tolist()):
        if close:
            yield _by_probability(texts[place], groups[place], added)
        elif own[place] >= _MOSTLY:
            yield _AGREES
        elif own[place] >= _SURELY_NOT or highest[place] < _LIKELY:
            yield _NOT_VERIFIABLE
        else:
            yield LanguageFinding("wrong", _reads_as(labels[likeliest[place]]))


def _of_group(
    probabilities: Probabilities, groups: Sequence[frozenset[str]], labels: Sequence[str]
) -> NDArray[np.float64]:
    """Probability of each text's group."""
    own = np.zeros(len(groups))
    for group in set(groups):
        places = [place for place, each in enumerate(groups) if each == group]
        columns = [labels.index(code) for code in group]
        own[places] = probabilities[np.ix_(places, columns)].sum(axis=1)
    return own


def _is_close(probabilities: NDArray[Any], bound: float) -> NDArray[np.bool_]:
    """Mask of the probabilities that rounding could take across the bound."""
    return np.abs(probabilities - bound) <= ROUNDING * bound * (1 - bound)


@cache
def _batch(added: str) -> BatchIdentifier:
    return BatchIdentifier(_identifier(added))


_NOT_IN_MODEL = frozenset({"sd", "su", "yi"})  # known without the model, so that the report need not load it


@cache
def _group(language: Language) -> frozenset[str]:
    """Codes that count as this language; empty if the model can't identify it, as in a script that it did not learn."""
    code = _KNOWN_AS.get(base_of(language), base_of(language))
    is_in_model = code in ADDED or (code in _codes_of_table() and code not in _NOT_IN_MODEL)
    if language.romanised or "-x-" in language.code or not is_in_model or not is_written_so(language):
        return frozenset()
    return next((group for group in GROUPS if code in group), frozenset({code}))


@cache
def _codes_of_table() -> frozenset[str]:
    return frozenset(map(base_of, languages()))


def _reads_as(code: str) -> str:
    table = (x.name.partition(" (")[0] for x in languages() if base_of(x) == code and not x.romanised)
    return f"reads as {next(table, None) or find_language(code).name}"


_loading = Lock()


def _identifier(added: str) -> "LanguageIdentifier":
    """Language identification model, restricted to the table's languages and one more; loaded on first use.

    It takes 0.4 s of processor time. A run's first replies and its live line need it at the same moment, each in a
    thread of its own: the second waits for the first.

    Raises:
        StorageError: If the model can't be loaded.
    """
    with _loading:
        return _loaded(added)


@cache
def _loaded(added: str) -> "LanguageIdentifier":
    """The model, from its file.

    Raises:
        StorageError: If there is no room for the model in the folder for temporary files, where the library unpacks it.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    try:
        identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except OSError as error:
        said = about_file(error, tempfile.gettempdir(), "unpack the language model in")
        raise StorageError(f"{said}; or name another folder in the variable TMPDIR") from error
    identifier.set_languages((_codes_of_table() | {added}) & set(identifier.labels))
    # Contiguous rows of 32-bit floats need no conversion for each text: twice as fast, the same numbers. A model made
    # of the languages in question alone does not keep the others in memory.
    return LanguageIdentifier(
        np.ascontiguousarray(identifier.nb_ptc, dtype=np.float32),
        identifier.nb_pc,
        identifier.nb_classes,
        identifier.tk_nextmove,
        identifier.tk_output,
        norm_probs=True,
        tk_row=identifier.tk_row,
    )
