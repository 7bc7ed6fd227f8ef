"""Checks that need more than the row: verdicts of a judge, duplicates, near duplicates, copies of seed examples.

A check is a function with `@comparison` that bears the name of a reason in `schemas.outcomes.REJECT_REASONS`.

A row to which a reason applies that is in `quality_report.flag_only` still stands: later rows are compared with it too.

All texts are normalised ones. A seed example is looked for without the punctuation around it, as whole words (in the
sense of `leakage`), and only if it is long enough that nobody writes it by chance.
"""

import re
import unicodedata
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import overload

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.checks.compared_rows import ComparedRows, TextColumn
from synthetic_textcat.pipelines.quality_report.checks.leakage import find_label_mention
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.text.equal_texts import first_of_equal
from synthetic_textcat.text.near_duplicates import like_earlier
from synthetic_textcat.text.unicode import is_unspaced

_SEED = "seed example"
LEAST_WORDS = 5
LEAST_UNSPACED_LETTERS = 20
"""From either on a seed example is looked for: words between spaces, or letters of scripts that set none.

Of Chinese characters, which say more, half as many do: shorter phrases of thanks and greeting stand in honest texts.
"""

_TOKEN = re.compile(r"\w+")


Comparison = Callable[[ComparedRows, QualityReportParameters], Iterable[str | None]]

COMPARISONS: dict[str, Comparison] = {}
"""Reject reason → check; `verdicts` tries them in the order of `REJECT_REASONS`."""


def comparison(check: Comparison) -> Comparison:
    """Registers a check under its name, which is the reject reason."""
    COMPARISONS[check.__name__] = check
    return check


@comparison
def label_disputed(rows: ComparedRows, _: QualityReportParameters) -> Iterable[str | None]:
    """A text to which a judge gives another label than the row's."""
    return map(rows.disputed.get, rows.request_ids) if rows.disputed else repeat(None, len(rows))


@comparison
def label_ambiguous(rows: ComparedRows, _: QualityReportParameters) -> Iterable[str | None]:
    """A text for which a judge accepts the misleading label too."""
    return map(rows.ambiguous.get, rows.request_ids) if rows.ambiguous else repeat(None, len(rows))


@comparison
def exact_duplicate(rows: ComparedRows, _: QualityReportParameters) -> Iterator[str | None]:
    """A text that, normalised, a seed example of its task or an earlier row has; or that holds a seed example whole."""
    has_seed = _has_seed(rows)
    others = np.flatnonzero(~has_seed)
    firsts = iter(others[first_of_equal(rows.texts.at(others))].tolist())
    for place, is_copy in enumerate(has_seed.tolist()):
        if is_copy:
            yield _SEED
        else:
            first = next(firsts)
            yield None if first == place else f"same text as {rows.request_ids[first]}"


def _has_seed(rows: ComparedRows) -> NDArray[np.bool_]:
    """Mask of the rows whose text is a seed example of their task, or holds one whole."""
    found = np.zeros(len(rows), bool)
    sought = [Sought(seeds) for seeds in rows.seed_texts]
    for task in np.unique(rows.task_of).tolist():
        if seeds := rows.seed_texts[task]:
            places = np.flatnonzero(rows.task_of == task)
            found[places] = [text in seeds or sought[task].stand_in(text) for text in rows.texts.at(places)]
    return found


@comparison
def near_duplicate(rows: ComparedRows, settings: QualityReportParameters) -> Iterator[str | None]:
    """A text that has nearly all its character 5-grams in common with a seed example or an earlier row that stays.

    Equal texts are none of each other: `exact_duplicate` is for them. Where it only flags, each copy gets the answer
    of the first.
    """
    seeds = sorted(frozenset().union(*rows.seed_texts))
    is_seed = np.fromiter(map(frozenset(seeds).__contains__, rows.texts), bool, len(rows)) if seeds else False
    first = first_of_equal(rows.texts)
    is_new = (first == np.arange(len(rows))) & ~np.asarray(is_seed)
    new = np.flatnonzero(is_new)
    texts = _After(seeds, rows.texts.at(new))
    likes = like_earlier(texts, settings.near_duplicate_similarity, "near_duplicate" in settings.flag_only)
    answers: dict[int, str] = {}
    deque(islice(likes, len(seeds)), maxlen=0)
    for place, (earlier, new_one) in enumerate(zip(first.tolist(), is_new.tolist(), strict=True)):
        if new_one and (like := next(likes)) is not None:
            name = _SEED if like.place < len(seeds) else rows.request_ids[int(new[like.place - len(seeds)])]
            answers[place] = f"{like.similarity:.2f} like {name}"
        yield answers.get(earlier)


class _After(Sequence[str]):
    """A list of texts, followed by a column of texts."""

    def __init__(self, head: list[str], column: TextColumn) -> None:
        self._head, self._column = head, column

    def __len__(self) -> int:
        return len(self._head) + len(self._column)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        size = len(self._head)
        if isinstance(at, int):
            return self._head[at] if at < size else self._column[at - size]
        start, stop, _ = at.indices(len(self))
        return self._head[start:stop] + self._column[max(0, start - size) : max(0, stop - size)]


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
