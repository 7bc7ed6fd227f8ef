"""Prompt reader: finds task, labels, language and attributes in a prompt by their values, for any template. Pure."""

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from json import dumps, loads

from synthetic_textcat.schemas.languages import Language, find_language, language_named, languages
from synthetic_textcat.schemas.lengths import CHARACTERS, length_of
from synthetic_textcat.schemas.tasks import normalise

_CUE = re.compile(r"misleading|wrong|incorrect|distract|negative|decoy|\bnot\b|\binstead of\b", re.IGNORECASE)
_CUE_REACH = 60
_SENTENCE_END = re.compile(r"[\n.!?;]")
_ASKS_IN = re.compile(r"\b(?:in|written|write|language)\b\W*(?:is|be)?\W*\Z", re.IGNORECASE)
_LENGTH = re.compile(
    r"\b(?:(?:at least|at most|less than|exactly) \d+|\d+ to \d+)\s+(?:words?|characters?)\b", re.IGNORECASE
)
_ASKS_BEFORE_A_NAME = re.compile(
    r"\b(?:in|written|write|language)\b\W*(?:is|be)?\W*(?=(?-i:[^\W\d_a-z]))", re.IGNORECASE
)
_NAME = re.compile(r"[^\n,.;:()]{0,60}[^\s,.;:()](?: \((?:[^()\n]|\([^()\n]*\)){1,60}\)){0,2}")
_SHORTEST_NAME = 3  # shorter ones are codes, and words of prompts
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_JSON_LIST = re.compile(r'\[(?:\s*"(?:[^"\\\n]|\\.)*"\s*(?:,(?!\s*\])|(?=\])))*\]')
_LABELS_FIELD = re.compile(rf"^[\s*•-]*[\"'`]?labels[\"'`*]*\s*[:=].*{_JSON_LIST.pattern}\W*$", re.MULTILINE)
_LIST_LINE = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*(?P<name>[^:\n]+?)\s*(?::.*)?$", re.MULTILINE)
_LIST_BLOCK = re.compile(r"(?:^[ \t]*(?:[-*•]|\d+[.)])[ \t]*[^\n]+(?:\n|\Z))+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mention:
    """Occurrence of a label in a prompt. `cued`: a word like "misleading" introduces it."""

    label: str
    start: int
    end: int
    cued: bool = False


def find_task(prompt: str, tasks: Iterable[str]) -> str | None:
    """The known task whose normalised sentence is in the prompt; the longest if there are several."""
    text = normalise(prompt)
    found = [task for task in tasks if _normalised(task) in text]
    return max(found, key=len, default=None)


def without_task(prompt: str, task: str | None) -> str:
    """The prompt without its task sentence, whose words are neither labels nor attributes. Line breaks are kept."""
    text = unicodedata.normalize("NFKC", prompt)
    if task is None:
        return text
    words = unicodedata.normalize("NFKC", task).rstrip(". ").split()
    return re.sub(r"\s+".join(map(re.escape, words)), " ", text, flags=re.IGNORECASE)


def without_label_list(text: str, labels: Sequence[str]) -> str:
    """The text without the label list (lines "- name: description"). Other lists may hold rules, and stay."""
    return _LIST_LINE.sub(lambda line: " " if line["name"] in labels else line[0], text)


def find_value(text: str, values: Sequence[str]) -> str | None:
    """The attribute value that the text contains as whole words; the longest if there are several."""
    by_length = sorted(values, key=len, reverse=True)
    return next((value for value in by_length if _value_pattern(value).search(text)), None)


def find_length(text: str, buckets: Sequence[str]) -> str | None:
    """The length that the text asks for: a bucket, or an own range with its unit; the first of several ranges."""
    ranges = [(match, length_of(match[0])) for match in _LENGTH.finditer(text)]
    in_characters = [match[0] for match, length in ranges if length is not None and length.unit == CHARACTERS]
    prose = functools.reduce(lambda rest, part: rest.replace(part, " "), in_characters, text)
    return find_value(prose, buckets) or next((str(length) for _, length in ranges if length is not None), None)


def find_requested_language(text: str) -> Language:
    """The language that the text asks for by its English name; English if it names none.

    A name after "in", "written" or "language" counts first, then any of the table's. Quoted texts count last: seed
    examples may speak of languages.
    """
    for prose in (_QUOTED.sub('""', text), text):
        found = list(_language_pattern().finditer(prose))
        asked = [match for match in found if _ASKS_IN.search(prose, max(0, match.start() - _CUE_REACH), match.start())]
        end = asked[0].start() if asked else len(prose)
        starts = (match.end() for match in _ASKS_BEFORE_A_NAME.finditer(prose) if match.end() < end)
        if tagged := next(filter(None, (_longer_name(prose, start) for start in starts)), None):
            return tagged
        if asked:
            return _longer_name(prose, asked[0].start(), asked[0][0]) or find_language(asked[0][0])
        if found:
            return find_language(found[0][0])
    return find_language("English")


def _longer_name(prose: str, start: int, known: str = "") -> Language | None:
    """The language with the longest name that begins here and is longer than a known one: `Portuguese (Brazil)`."""
    found = _NAME.match(prose, start)
    name = found[0] if found else ""
    while len(name) > max(len(known), _SHORTEST_NAME):
        if language := language_named(name):
            return language
        name = name.rpartition(" ")[0]
    return None


@functools.cache
def _language_pattern() -> re.Pattern[str]:
    names = sorted((unicodedata.normalize("NFKC", language.name) for language in languages()), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")


def listed_labels(text: str) -> tuple[str, ...]:
    """The label set of an unknown task: names from lines like "- name: description" that the text also quotes."""
    names = dict.fromkeys(match["name"] for match in _LIST_LINE.finditer(text))
    return tuple(name for name in names if any(quote in text for quote in _quoted(name)))


def list_with(text: str, labels: Sequence[str]) -> tuple[str, ...]:
    """The names of the list (lines "- name: description" without another line between) that has all of the labels.

    The labels themselves if there is no such list.
    """
    for block in _LIST_BLOCK.findall(text):
        names = tuple(dict.fromkeys(match["name"] for match in _LIST_LINE.finditer(block)))
        if set(labels) <= set(names):
            return names
    return tuple(labels)


def find_label_set(text: str, labels: Sequence[str]) -> tuple[str, ...] | None:
    """The planned label set: the first list in JSON that has nothing but labels; None without one."""
    names = {unicodedata.normalize("NFKC", label): label for label in labels}
    for found in _JSON_LIST.finditer(text):
        try:
            items = loads(found[0])
        except ValueError:  # an escape that JSON does not have
            continue
        if all(item in names for item in items):
            return tuple(names[item] for item in items)
    return None


def find_quoted(text: str, labels: Sequence[str]) -> str | None:
    """The first of these labels that the text quotes."""
    return next((label for label in labels if any(quote in text for quote in _quoted(label))), None)


def list_with_set(text: str) -> tuple[str, ...]:
    """The label set of an unknown task whose prompt has the planned labels as a list in JSON; empty without one."""
    names = tuple(dict.fromkeys(match["name"] for match in _LIST_LINE.finditer(text)))
    planned = find_label_set(text, names)
    misleading = None if planned is None else find_quoted(text, [name for name in names if name not in planned])
    return () if planned is None or misleading is None else list_with(text, (*planned, misleading))


def asks_for_label_set(prompt: str) -> bool:
    """Whether the prompt names a field `labels` with a list in JSON, and that of a row's text."""
    return "input_text" in prompt and _LABELS_FIELD.search(prompt) is not None


def first_list(text: str) -> tuple[str, ...]:
    """The names of the first list (lines "- name: description" without another line between)."""
    block = _LIST_BLOCK.search(text)
    return () if block is None else tuple(dict.fromkeys(match["name"] for match in _LIST_LINE.finditer(block[0])))


def named_labels(text: str, labels: Iterable[str]) -> tuple[str, ...]:
    """The labels that occur in the text."""
    return tuple(label for label in labels if _whole_words(label).search(text))


def find_labels(text: str, allowed: Sequence[str]) -> tuple[str | None, str | None]:
    """The planned label and the planned misleading label, if the text names them.

    Quoted mentions count first, since our own prompts quote labels. Without any, plain mentions outside of the label
    list count, and the most frequent label is the planned one.
    """
    quoted = list(_cued(text, _quoted_mentions(text, allowed)))
    if quoted:
        return _planned_and_misleading(quoted, [mention.label for mention in quoted])
    prose = without_label_list(text, allowed)
    plain = list(_cued(prose, _plain_mentions(prose, allowed)))
    by_count = [label for label, _ in Counter(mention.label for mention in plain).most_common()]
    return _planned_and_misleading(plain, by_count)


# Cached: the few tasks, values and labels of a run recur in each row.
_normalised = functools.cache(normalise)


@functools.cache
def _value_pattern(value: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, value.split()))
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)


def _planned_and_misleading(mentions: Sequence[Mention], order: Sequence[str]) -> tuple[str | None, str | None]:
    labels = list(dict.fromkeys(order))
    cued = {mention.label for mention in mentions if mention.cued}
    planned = [label for label in labels if label not in cued]
    misleading = [label for label in labels if label in cued]
    if len(labels) > 1 and not planned:
        # All are introduced as misleading, so the order decides.
        planned, misleading = labels[:1], labels[1:]
    others = misleading or planned[1:]
    return next(iter(planned), None), next(iter(others), None)


@functools.lru_cache(maxsize=4096)
def _quoted(label: str) -> tuple[str, ...]:
    name = unicodedata.normalize("NFKC", label)
    return tuple(dict.fromkeys((dumps(name, ensure_ascii=False), dumps(name))))


@functools.lru_cache(maxsize=4096)
def _whole_words(label: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(unicodedata.normalize('NFKC', label))}(?!\w)")


def _quoted_mentions(text: str, allowed: Sequence[str]) -> Iterator[Mention]:
    for label in allowed:
        for quote in _quoted(label):
            for match in re.finditer(re.escape(quote), text):
                yield Mention(label, match.start(), match.end())


def _plain_mentions(text: str, allowed: Sequence[str]) -> Iterator[Mention]:
    taken: list[range] = []
    for label in sorted(allowed, key=len, reverse=True):
        for match in _whole_words(label).finditer(text):
            # "Urgent visit" does not mention "Urgent".
            if not any(match.start() in span for span in taken):
                taken.append(range(match.start(), match.end()))
                yield Mention(label, match.start(), match.end())


def _cued(text: str, mentions: Iterable[Mention]) -> Iterator[Mention]:
    """The mentions in text order, each marked as cued by the words between it and the previous mention."""
    before = 0
    for _, same in groupby(sorted(mentions, key=lambda mention: (mention.start, mention.end)), key=lambda m: m.start):
        mention = next(same)
        clause = _SENTENCE_END.split(text[max(before, mention.start - _CUE_REACH) : mention.start])[-1]
        yield Mention(mention.label, mention.start, mention.end, cued=_CUE.search(clause) is not None)
        before = mention.end
