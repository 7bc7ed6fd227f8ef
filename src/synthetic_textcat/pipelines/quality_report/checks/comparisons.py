"""Checks that need more than the row: verdicts of a judge, duplicates, near duplicates, copies of seed examples.

A check is a function with `@comparison` that bears the name of a reason in `schemas.outcomes.REJECT_REASONS`.

A row to which a reason applies that is in `quality_report.flag_only` still stands: later rows are compared with it too.

All texts are normalised ones. A seed example is looked for without the punctuation around it, as whole words (in the
sense of `leakage`), and only if it is long enough that nobody writes it by chance.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from synthetic_textcat.pipelines.quality_report.checks.leakage import find_label_mention
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.text.near_duplicates import like_earlier
from synthetic_textcat.text.unicode import is_unspaced

_SEED = "seed example"
LEAST_WORDS = 5
LEAST_UNSPACED_LETTERS = 20
"""From either on a seed example is looked for: words between spaces, or letters of scripts that set none.

Of Chinese characters, which say more, half as many do: shorter phrases of thanks and greeting stand in honest texts.
"""

_TOKEN = re.compile(r"\w+")


class Compared(NamedTuple):
    """A row that still stands, as far as others are compared with it.

    Attributes:
        request_id: The planned row.
        text: Its text, normalised.
        seed_texts: The seed examples of its task, normalised.
        disputed: Details of the judge's verdict, if it is another label; else None.
        ambiguous: Likewise, if the judge accepts the misleading label too.
    """

    request_id: str
    text: str
    seed_texts: frozenset[str] = frozenset()
    disputed: str | None = None
    ambiguous: str | None = None


Comparison = Callable[[Sequence[Compared], QualityReportParameters], Iterator[str | None]]

COMPARISONS: dict[str, Comparison] = {}
"""Reject reason → check; `verdicts` tries them in the order of `REJECT_REASONS`."""


def comparison(check: Comparison) -> Comparison:
    """Registers a check under its name, which is the reject reason."""
    COMPARISONS[check.__name__] = check
    return check


@comparison
def label_disputed(rows: Sequence[Compared], _: QualityReportParameters) -> Iterator[str | None]:
    """A text to which a judge gives another label than the row's."""
    return (row.disputed for row in rows)


@comparison
def label_ambiguous(rows: Sequence[Compared], _: QualityReportParameters) -> Iterator[str | None]:
    """A text for which a judge accepts the misleading label too."""
    return (row.ambiguous for row in rows)


@comparison
def exact_duplicate(rows: Sequence[Compared], _: QualityReportParameters) -> Iterator[str | None]:
    """A text that, normalised, a seed example of its task or an earlier row has; or that holds a seed example whole."""
    first: dict[str, str] = {}
    sought = {seeds: Sought(seeds) for seeds in {row.seed_texts for row in rows}}
    for row in rows:
        if row.text in row.seed_texts or sought[row.seed_texts].stand_in(row.text):
            yield _SEED
            continue
        kept = first.setdefault(row.text, row.request_id)
        yield None if kept == row.request_id else f"same text as {kept}"


@comparison
def near_duplicate(rows: Sequence[Compared], settings: QualityReportParameters) -> Iterator[str | None]:
    """A text that has nearly all its character 5-grams in common with a seed example or an earlier row that stays.

    Equal texts are none of each other: `exact_duplicate` is for them. Where it only flags, each copy gets the answer
    of the first.
    """
    seeds = frozenset().union(*{row.seed_texts for row in rows})
    first: dict[str, str] = {}
    for row in rows:
        if row.text not in seeds:
            first.setdefault(row.text, row.request_id)
    names = [_SEED] * len(seeds) + list(first.values())
    texts = [*sorted(seeds), *first]
    likes = like_earlier(texts, settings.near_duplicate_similarity, "near_duplicate" in settings.flag_only)
    pairs = zip(texts, likes, strict=True)
    answers: dict[str, str | None] = {text: None for text, _ in islice(pairs, len(seeds))}
    for row in rows:
        while row.text not in answers:
            text, like = next(pairs)
            answers[text] = like and f"{like.similarity:.2f} like {names[like.place]}"
        yield answers[row.text]


class Sought:
    """Seed examples that are looked for in texts, thousands of them fast.

    Args:
        seed_texts: Those of a task; of these the ones that are long enough.
    """

    def __init__(self, seed_texts: Collection[str]) -> None:
        self._by_token: defaultdict[str, list[str]] = defaultdict(list)
        self._others: list[str] = []
        for seed in filter(_is_long, map(_unframed, sorted(seed_texts))):
            within = _TOKEN.findall(seed)[1:-1]  # the outer ones may go on in a text of a script without spaces
            (self._by_token[max(within, key=len)] if within else self._others).append(seed)

    def stand_in(self, text: str) -> bool:
        """Whether one of them stands in the text, from the beginning to the end of its words."""
        seeds = list(self._others)
        if self._by_token:
            for token in self._by_token.keys() & set(_TOKEN.findall(text)):
                seeds += self._by_token[token]
        return any(seed in text and find_label_mention(text, seed, None) is not None for seed in seeds)


def _unframed(seed: str) -> str:
    """Without punctuation, symbols and spaces at either end."""
    kept = [place for place, character in enumerate(seed) if unicodedata.category(character)[0] in "LMN"]
    return seed[kept[0] : kept[-1] + 1] if kept else ""


def _is_long(seed: str) -> bool:
    words = sum(any(map(str.isalnum, word)) for word in seed.split())
    letters = [letter for letter in seed if letter.isalpha() and is_unspaced(letter)]
    chinese = sum(unicodedata.name(letter, "").startswith("CJK") for letter in letters)
    return words >= LEAST_WORDS or len(letters) + chinese >= LEAST_UNSPACED_LETTERS
