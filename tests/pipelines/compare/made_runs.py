"""Accepted rows of runs whose difference is known, drawn by hash."""

from collections.abc import Iterator, Sequence

import pandas as pd

from synthetic_textcat.hashing import draws
from synthetic_textcat.pipelines.compare.pairing import Accepted, pair
from tests.pipelines.compare.builders import outcomes

LABELS = ("billing", "delivery", "praise")
_TOPICS = 30


def repeating(name: str, rows: int, share: float = 0.2, first: int = 0) -> pd.DataFrame:
    """Rows of ten words or more; such a share of them begin with one of three openings."""
    return outcomes(({"input_text": _text(draws(name, at), share)} for at in range(rows)), first)


def topical(name: str, rows: int, share: float = 0.5, first: int = 0, task_id: str = "t0") -> pd.DataFrame:
    """Rows of labels in turn; such a share of their three topic words is of their own label, the rest of any."""
    made = ((at % len(LABELS), draws(name, at)) for at in range(rows))
    return outcomes(
        (
            {"input_text": _on_topic(label, luck, share), "label": LABELS[label], "task_id": task_id}
            for label, luck in made
        ),
        first,
    )


def compared(before: pd.DataFrame, after: pd.DataFrame) -> Accepted:
    """The accepted rows of both."""
    return pair(before, after).accepted


def _text(luck: Iterator[float], share: float) -> str:
    opening = int(3 * next(luck)) if next(luck) < share else None
    said = [] if opening is None else [f"{word}{opening}" for word in ("please", "explain", "this", "again")]
    return " ".join([*said, *_words(luck, 10)])


def _on_topic(label: int, luck: Iterator[float], share: float) -> str:
    own = [label if next(luck) < share else int(len(LABELS) * next(luck)) for _ in range(3)]
    return " ".join([*_words(luck, 8), *(f"topic{topic}n{int(_TOPICS * next(luck))}" for topic in own)])


def _words(luck: Iterator[float], count: int) -> Sequence[str]:
    return [str(1000 + int(4000 * next(luck))) for _ in range(count)]
