"""The reject reasons that compare rows: each takes the rows that still stand, in plan order, the first of which stays.

To add one: write the function, and put its name into `schemas.outcomes.REJECT_REASONS`.

A row to which a reason applies that is in `quality_report.flag_only` still stands: later rows are compared with it too.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from synthetic_textcat.pipelines.quality_report.checks.copies import Sought
from synthetic_textcat.schemas.outcomes import REJECT_REASONS
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.text.near_duplicates import like_earlier

_SEED = "seed example"


class Compared(NamedTuple):
    """A row that still stands, as far as others are compared with it.

    Attributes:
        request_id: The planned row.
        text: Its text, normalised.
        seed_texts: The seed examples of its task, normalised.
    """

    request_id: str
    text: str
    seed_texts: frozenset[str] = frozenset()


Comparison = Callable[[Sequence[Compared], QualityReportParameters], Iterator[str | None]]


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


COMPARISONS: dict[str, Comparison] = {reason: globals()[reason] for reason in REJECT_REASONS if reason in globals()}
"""The functions of this module that bear the name of a reason, in the public order."""
