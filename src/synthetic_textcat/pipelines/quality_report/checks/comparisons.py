"""Checks that need more than the row: verdicts of a judge, duplicates, near duplicates, copies of seed examples.

A check is a function with `@comparison` that bears the name of a reason in `schemas.outcomes.REJECT_REASONS`.

A row to which a reason applies that is in `quality_report.flag_only` still stands: later rows are compared with it too.

All texts are normalised ones. A seed example is looked for without the punctuation around it, as whole words (in the
sense of `leakage`), and only if it is long enough that nobody writes it by chance.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import compress

import numpy as np

from synthetic_textcat.pipelines.quality_report.checks.compared_rows import ComparedRows, Detail, OfRow, Places
from synthetic_textcat.pipelines.quality_report.checks.leakage import find_label_mention
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.text.equal_texts import first_of_equal, hashes_of
from synthetic_textcat.text.near_duplicates import like_earlier
from synthetic_textcat.text.sketched_texts import SketchedTexts, sketched_by
from synthetic_textcat.text.unicode import is_unspaced
from synthetic_textcat.work_pool import WorkPool

_SEED = "seed example"
LEAST_WORDS = 5
LEAST_UNSPACED_LETTERS = 20
"""From either on a seed example is looked for: words between spaces, or letters of scripts that set none.

Of Chinese characters, which say more, half as many do: shorter phrases of thanks and greeting stand in honest texts.
"""

_TOKEN = re.compile(r"\w+")


FoundRows = Iterable[tuple[int, Detail]]
"""Positions of the rows to which a reason applies, in any order, with details."""

Comparison = Callable[[ComparedRows, QualityReportParameters, WorkPool], FoundRows]

COMPARISONS: dict[str, Comparison] = {}
"""Reject reason → check; `verdicts` tries them in the order of `REJECT_REASONS`."""


def comparison(check: Comparison) -> Comparison:
    """Registers a check under its name, which is the reject reason."""
    COMPARISONS[check.__name__] = check
    return check


@comparison
def label_disputed(rows: ComparedRows, *_: object) -> FoundRows:
    """A text to which a judge gives another label than the row's."""
    return ((place, detail) for place, detail in rows.disputed.items() if rows.stands[place])


@comparison
def label_ambiguous(rows: ComparedRows, *_: object) -> FoundRows:
    """A text for which a judge accepts the misleading label too."""
    return ((place, detail) for place, detail in rows.ambiguous.items() if rows.stands[place])


@comparison
def exact_duplicate(rows: ComparedRows, *_: object) -> Iterator[tuple[int, Detail]]:
    """A text that, normalised, a seed example of its task or an earlier row has; or that holds a seed example whole."""
    of_seeds = _places_of_seeds(rows)
    for place in of_seeds.tolist():
        yield place, _SEED
    for copy, first in _copies(rows.without(of_seeds)):
        yield copy, OfRow("same text as", first)


def _copies(rows: ComparedRows) -> Iterator[tuple[int, int]]:
    """Positions of the rows whose text an earlier row has, each with that of the first row that has it."""
    first = first_of_equal(np.concatenate([hashes_of([]), *(hashes_of(texts) for _, texts in rows.texts())]))
    places = np.flatnonzero(rows.stands)
    for copy in np.flatnonzero(first != np.arange(len(first))):
        yield int(places[copy]), int(places[first[copy]])


def _places_of_seeds(rows: ComparedRows) -> Places:
    """Positions of the rows whose text is a seed example of their task, or holds one whole."""
    sought = {task: Sought(seeds) for task, seeds in rows.seed_texts.items() if seeds}
    found = [np.empty(0, np.intp)]
    for places, frame in rows.walk("task_id", "comparison_text") if sought else ():
        pairs = zip(plain(frame["task_id"]), plain(frame["comparison_text"]), strict=True)
        holds = [
            task in sought and (text in rows.seed_texts[task] or sought[task].stand_in(text)) for task, text in pairs
        ]
        found.append(places[np.array(holds, bool)])
    return np.concatenate(found)


@comparison
def near_duplicate(
    rows: ComparedRows, settings: QualityReportParameters, pool: WorkPool
) -> Iterator[tuple[int, Detail]]:
    """A text that has nearly all its character 5-grams in common with a seed example or an earlier row that stays.

    Equal texts are none of each other: `exact_duplicate` is for them. Where it only flags, each copy gets the answer
    of the first.
    """
    seeds = sorted(frozenset().union(*rows.seed_texts.values()))
    first_of = dict(_copies(rows)) if "exact_duplicate" in settings.flag_only else {}
    new = rows.without(np.fromiter(first_of, np.intp, len(first_of)))
    threshold = settings.near_duplicate_similarity
    texts = SketchedTexts(_seeds_and_others(seeds, new), threshold, sketched_by(pool.map, len(rows)))
    places = np.flatnonzero(new.stands)
    answers: dict[int, Detail] = {}
    for number, like in enumerate(like_earlier(texts, threshold, "near_duplicate" in settings.flag_only), -len(seeds)):
        if number >= 0 and like is not None:
            words = f"{like.similarity:.2f} like"
            place, earlier = int(places[number]), like.place - len(seeds)
            detail = OfRow(words, int(places[earlier])) if earlier >= 0 else f"{words} {_SEED}"
            if first_of:
                answers[place] = detail
            yield place, detail
    for copy, first in first_of.items():
        if first in answers:
            yield copy, answers[first]


def _seeds_and_others(seeds: list[str], rows: ComparedRows) -> Iterator[list[str]]:
    """The seed examples, then the texts of the rows that are none of them; those that are do not stand any more."""
    yield seeds
    known = frozenset(seeds)
    for places, texts in rows.texts():
        if known and not known.isdisjoint(texts):
            is_other = [text not in known for text in texts]
            rows.stands[places] = is_other
            yield list(compress(texts, is_other))
        else:
            yield texts


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
