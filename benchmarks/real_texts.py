"""Share of real texts, by language, that the text checks would reject: `python -m benchmarks.real_texts FOLDER`.

The folder holds unpacked packages, as `dpkg-deb -x` makes it of Debian's tuxpaint-data, gnucash-common, nautilus-data,
evolution-common, inkscape, aptitude-common, wesnoth-1.16-data, gnome-user-docs and fortunes-*. Read are messages of
translations (`<language>/LC_MESSAGES/*.mo`), paragraphs of user guides (`help/<language>/**/*.page`) and fortunes
(`fortunes/<language>/*` with an index `.dat` of the same name). Tags and marks of menus are taken out; messages with
directives of `printf` are no texts.
"""

import argparse
import gettext
import html
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from synthetic_textcat.hashing import draw
from synthetic_textcat.pipelines.quality_report.checks.row_checks import ROW_CHECKS, Candidate, Known
from synthetic_textcat.schemas.block import TextChecks
from synthetic_textcat.schemas.languages import Language, find_language

_FEWEST_LETTERS = 15
_DIRECTIVES = re.compile(r"%(?:\d+\$|\(\w+\))?[-+ #0']*\d*(?:\.\d+)?(?:hh?|ll?|[jzt])?[a-zA-Z]|\$\{?\w+\}?|\{\w*\}")
_TAGS = re.compile(r"<[^>]{1,80}>")
_PARAGRAPH = re.compile(r"<p\b[^>]*>(.*?)</p>", re.DOTALL)
_CODES = {"nb": "no", "nn": "no", "zh_CN": "zh-Hans", "zh_TW": "zh-Hant", "zh_HK": "zh-Hant", "C": "en", "cz": "cs"}
_ENGLISH_FORTUNES = "en"
REASONS = tuple(TextChecks.model_fields)


class Text(NamedTuple):
    """A real text.

    Attributes:
        language: Its language.
        source: Name of its package or file.
        words: The text.
    """

    language: Language
    source: str
    words: str


def real_texts(folder: Path) -> Iterator[Text]:
    """All distinct texts below the folder, with at least 15 letters."""
    seen = set()
    for language, source, raw in (*_messages(folder), *_paragraphs(folder), *_fortunes(folder)):
        known = _language(language)
        words = raw.strip() if source == "fortunes" else _cleaned(raw)
        if (
            known is None
            or (source != "fortunes" and _DIRECTIVES.search(raw))
            or (known.code, words) in seen
            or sum(map(str.isalpha, words)) < _FEWEST_LETTERS
        ):
            continue
        seen.add((known.code, words))
        yield Text(known, source, words)


def reasons_of(text: Text, bounds: TextChecks) -> list[tuple[str, str]]:
    """Reasons for which a text would be rejected, with their details; the text stands for any length."""
    row = Candidate("", text.words, "\x01", "\x02", None, Known(text_checks=bounds), text.language.code)
    found = ((reason, ROW_CHECKS[reason](row)) for reason in REASONS)
    return [(reason, detail) for reason, detail in found if detail is not None]


def _messages(folder: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(folder.glob("**/LC_MESSAGES/*.mo")):
        if _language(path.parts[-3]) is None:
            continue
        with path.open("rb") as file:
            try:
                catalog: dict[object, str] = vars(gettext.GNUTranslations(file))["_catalog"]
            except (UnicodeDecodeError, OSError, IndexError):  # some catalogs have a broken head
                continue
        for key, message in catalog.items():
            source = str(key[0] if isinstance(key, tuple) else key)
            if key and message != source:
                yield path.parts[-3], path.stem, message


def _paragraphs(folder: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(folder.glob("**/help/*/**/*.page")):
        language = path.parts[path.parts.index("help") + 1]
        for match in _PARAGRAPH.finditer(path.read_text(encoding="utf-8", errors="replace")):
            yield language, "guide", html.unescape(_TAGS.sub("", match[1]))


def _fortunes(folder: Path) -> Iterator[tuple[str, str, str]]:
    for index in sorted(folder.glob("**/fortunes/**/*.dat")):
        path, parent = index.with_suffix(""), index.parent.name
        try:
            content = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        for fortune in re.split(r"^%\s*$", content, flags=re.MULTILINE):
            yield parent if parent != "fortunes" else _ENGLISH_FORTUNES, "fortunes", fortune


def _cleaned(words: str) -> str:
    return " ".join(_TAGS.sub("", words).replace("_", "").replace("&", "").split())


@cache
def _language(code: str) -> Language | None:
    code = _CODES.get(code, code)
    for name in (code, code.partition("@")[0], code.partition("_")[0]):
        try:
            return find_language(name.replace("_", "-"))
        except ValueError:
            continue
    return None


def main() -> None:
    """Prints rejected shares by language, and some rejected texts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_texts", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=3_000, help="texts of a language, drawn by hash")
    parser.add_argument("--show", type=int, default=0, help="rejected texts to show of each reason")
    parser.add_argument("--fewest", type=int, default=300, help="texts of a language that is listed")
    parser.add_argument("--only", help="a reason")
    arguments = parser.parse_args()
    by_language: dict[str, list[Text]] = defaultdict(list)
    for text in real_texts(arguments.folder):
        by_language[text.language.name].append(text)
    shown: dict[str, list[str]] = defaultdict(list)
    total: Counter[str] = Counter()
    print(f"| language | texts | rejected, % | {' | '.join(REASONS)} |\n|---|---|---|{'---|' * len(REASONS)}")
    for name, texts in sorted(by_language.items()):
        drawn = sorted(texts, key=lambda text: draw("real text", text.words))[: arguments.most]
        counts: Counter[str] = Counter()
        for text in drawn:
            reasons = reasons_of(text, TextChecks())
            counts["any"] += bool(reasons)
            counts.update(reason for reason, _ in reasons)
            for reason, detail in reasons:
                shown[reason].append(
                    f"{text.language.code} {text.source} [{detail}] {text.words[:300]!r} ...{text.words[-60:]!r}"
                )
        total.update(counts, texts=len(drawn))
        if len(drawn) >= arguments.fewest:
            _print_line(name, len(drawn), counts)
    _print_line("all", total["texts"], total)
    for reason, lines in shown.items():
        if arguments.only in (None, reason):
            print(f"\n{reason}:", *sorted(lines, key=lambda line: draw("shown", line))[: arguments.show], sep="\n  ")


def _print_line(name: str, texts: int, counts: Counter[str]) -> None:
    shares = " | ".join(str(counts[reason]) for reason in REASONS)
    print(f"| {name} | {texts} | {100 * counts['any'] / max(1, texts):.2f} | {shares} |")


if __name__ == "__main__":
    main()
