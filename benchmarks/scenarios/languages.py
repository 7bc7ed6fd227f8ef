"""Whether real text, which nobody here wrote, is found to be in its language: Django's translated messages."""

import gettext
import importlib.util
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from benchmarks.figures import Figure, Report, Target
from benchmarks.processes import Options
from synthetic_textcat.pipelines.quality_report.checks.language import GROUPS, MIN_LETTERS, check_language
from synthetic_textcat.schemas.languages import languages

_LONG = 40  # letters, from which on a text must be told
_CODES = {"nb": "no", "zh_Hans": "zh-Hans", "zh_Hant": "zh-Hant", "sr_Latn": "sr"}
_NO_TEXT = re.compile(r"%\(\w+\)[sd]|%[sd]|<[^>]+>|\{\w*\}")  # placeholders and tags

Verdicts = dict[str, Counter[str]]


def language_check(options: Options) -> Report:
    """Judges every message of Django that is long enough, and answers in English to every language."""
    del options
    if importlib.util.find_spec("django") is None:
        return Report(
            "languages: not run; it reads Django's messages: `.venv/bin/pip install -e '.[bench]' -c constraints.txt`",
            [],
        )
    pairs = {code: set(_messages(code)) for code in _codes()}
    messages = {code: {text for _, text in found} for code, found in pairs.items()}
    english = {source for found in pairs.values() for source, _ in found if _letters(source) >= _LONG}
    begun = perf_counter()
    verdicts = {
        code: [(check_language(text, code).verdict, _letters(text)) for text in messages[code]] for code in messages
    }
    count, seconds = sum(map(len, messages.values())), perf_counter() - begun
    figures = [Figure("texts/s", [count / seconds])]
    for least in (MIN_LETTERS, _LONG):
        by_group: Verdicts = defaultdict(Counter)
        for code, found in verdicts.items():
            by_group[_group(code)].update(verdict for verdict, letters in found if letters >= least)
        figures += _figures(by_group, least)
    figures += _easily_confused(by_group)
    caught = [check_language(text, code).verdict == "wrong" for code in messages for text in english]
    figures.append(Figure(f"answered in English, found, from {_LONG} letters", [sum(caught) / len(caught)]))
    return Report(f"languages: {count} messages of Django in {len(messages)} languages and variants", figures)


def _figures(by_group: Verdicts, least: int) -> list[Figure]:
    judged = [found for found in by_group.values() if found.total()]
    agree = [_agreement(found) for found in judged]
    of_all = [found["agrees"] / found.total() for found in judged]
    whole: Counter[str] = sum(judged, Counter())
    return [
        Figure(f"agreement, macro by group, from {least} letters", [sum(agree) / len(agree)], Target(">=", 0.93)),
        Figure(f"the same, of all and not of those judged, from {least} letters", [sum(of_all) / len(of_all)]),
        Figure(f"called wrong, per thousand, from {least} letters", [1000 * whole["wrong"] / whole.total()]),
        Figure(f"not verifiable, share, from {least} letters", [whole["not verifiable"] / whole.total()]),
    ]


def _easily_confused(by_group: Verdicts) -> list[Figure]:
    """The groups of languages that are taken for one another, each counted as one."""
    groups = {name: by_group[name] for name in map("/".join, map(sorted, GROUPS)) if name in by_group}
    return [
        Figure(f"agreement, {name}, {found.total()} from {_LONG} letters", [_agreement(found)])
        for name, found in groups.items()
    ]


def _agreement(found: Counter[str]) -> float:
    return found["agrees"] / max(1, found["agrees"] + found["wrong"])


def _codes() -> list[str]:
    known = {language.code for language in languages()} - {"en"}
    return sorted({_CODES.get(path.parts[-3], path.parts[-3]) for path in _files()} & known)


def _messages(code: str) -> Iterator[tuple[str, str]]:
    """The English and the translated text of each message."""
    for path in _files():
        if _CODES.get(path.parts[-3], path.parts[-3]) == code:
            with path.open("rb") as file:
                catalog: dict[object, str] = vars(gettext.GNUTranslations(file))["_catalog"]
            for key, message in catalog.items():
                source = str(key[0] if isinstance(key, tuple) else key).rpartition("\x04")[2]  # less its context
                source, text = (" ".join(_NO_TEXT.sub(" ", words).split()) for words in (source, message))
                if key and text != source and _letters(text) >= MIN_LETTERS:
                    yield source, text


def _files() -> list[Path]:
    spec = importlib.util.find_spec("django")
    (folder,) = (spec.submodule_search_locations or []) if spec else []
    return sorted(Path(folder).glob("**/locale/*/LC_MESSAGES/django*.mo"))


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _group(code: str) -> str:
    plain = code.partition("-")[0]
    return next(("/".join(sorted(group)) for group in GROUPS if plain in group), plain)
