"""The reject reasons that compare rows: each takes the rows that still stand, in plan order, the first of which stays.

To add one: write the function, and name it in `COMPARISONS` at its place in the order of
`schemas.outcomes.REJECT_REASONS`.
"""

from collections.abc import Callable, Iterable, Iterator

from synthetic_textcat.near_duplicates import like_earlier
from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, normalised
from synthetic_textcat.schemas.parameters import QualityReportParameters

Comparison = Callable[[Iterable[Candidate], QualityReportParameters], Iterator[str | None]]


def exact_duplicate(rows: Iterable[Candidate], _: QualityReportParameters) -> Iterator[str | None]:
    """A text that, normalised, a seed example of its task or an earlier row has."""
    first: dict[str, str] = {}
    for row in rows:
        text = normalised(row.input_text)
        if text in row.known.seed_texts:
            yield "seed example"
            continue
        kept = first.setdefault(text, row.request_id)
        yield None if kept == row.request_id else f"same text as {kept}"


def near_duplicate(rows: Iterable[Candidate], settings: QualityReportParameters) -> Iterator[str | None]:
    """A text that has nearly all its character 5-grams in common with an earlier row that stays, of whatever task."""
    rows = list(rows)
    texts = [normalised(row.input_text) for row in rows]
    for like in like_earlier(texts, settings.near_duplicate_similarity):
        yield None if like is None else f"{like.similarity:.2f} like {rows[like.place].request_id}"


COMPARISONS: dict[str, Comparison] = {check.__name__: check for check in (exact_duplicate, near_duplicate)}
