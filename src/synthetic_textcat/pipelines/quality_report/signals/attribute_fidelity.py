"""Whether texts have the number of words that was asked for."""

from typing import Any

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.quality_report.metrics import Metrics
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.measured import WORST, Measured, WorstRow, slug
from synthetic_textcat.pipelines.quality_report.signals.word_counts import has_spaces
from synthetic_textcat.schemas.attributes import VALUES

_BUCKETS = VALUES["num_words"]
_BINS = (0, 1, 3, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000)
"""Words from which a bar of the histogram begins; each bound of a bucket is one."""


def length(corpus: Corpus) -> Measured:
    """Words of the accepted rows against `num_words`, in languages whose words stand apart (`word_counts.has_spaces`).

    "At least 50" has no upper bound, as in the prompt, so a row of 500 words is in it; the median tells of those.

    Metrics:
        length/measurable: rows in such languages / all. Unit: share, 0 to 1, as all but the median.
        length/in_bucket: rows in their bucket / measurable rows.
        length/in_bucket/<bucket>: the same of the rows that were to be in this one.
        length/median_words: of measurable rows. Unit: words.

    Tables: `length` (num_words, rows, in_bucket as a share, and the deciles p10, median, p90 in words) and
    `length_histogram` (num_words, from, to, rows: those of from up to less than to words; to is null in the last).
    Worst: the rows with the highest ratio between their words and the bound.
    """
    rows = _measurable(corpus)
    by_bucket = rows.groupby("num_words", sort=False)
    inside = by_bucket["inside"].mean()
    metrics: Metrics = {
        "length/measurable": len(rows) / len(corpus.examples) if len(corpus.examples) else None,
        "length/in_bucket": float(rows["inside"].mean()) if len(rows) else None,
        "length/median_words": float(rows["words"].median()) if len(rows) else None,
        **{f"length/in_bucket/{slug(bucket)}": inside.get(bucket) for bucket in _BUCKETS},
    }
    present = [(bucket, by_bucket.get_group(bucket)) for bucket in _BUCKETS if bucket in inside]
    return Measured(
        metrics,
        {
            "length": [_line(bucket, group) for bucket, group in present],
            "length_histogram": [bar for bucket, group in present for bar in _bars(bucket, group["words"])],
        },
        {"length": _worst(rows)},
    )


def _measurable(corpus: Corpus) -> pd.DataFrame:
    """request_id, num_words, words, inside (the bucket) and off: how many times the words are the bound, or it them."""
    asked = corpus.examples[["request_id", "language", "num_words"]]
    spaced = [name for name in asked["language"].unique() if has_spaces(name)]
    rows = asked.assign(words=corpus.word_counts["words"])[asked["language"].isin(spaced).to_numpy()]
    bound = rows["num_words"].str.extract(r"(\d+)$", expand=False).astype("int64")
    below = rows["num_words"].str.startswith("less than")
    ratio = rows["words"] / bound
    return rows.assign(
        inside=(rows["words"] < bound) == below,
        off=ratio.where(below, 1 / ratio),
    )


def _line(bucket: str, group: pd.DataFrame) -> dict[str, Any]:
    low, median, high = group["words"].quantile([0.1, 0.5, 0.9]).tolist()
    return {
        "num_words": bucket,
        "rows": len(group),
        "in_bucket": float(group["inside"].mean()),
        "p10": low,
        "median": median,
        "p90": high,
    }


def _bars(bucket: str, words: pd.Series) -> list[dict[str, Any]]:
    counts, _ = np.histogram(words, [*_BINS, np.inf])
    bounds = zip(_BINS, [*_BINS[1:], None], counts.tolist(), strict=True)
    return [{"num_words": bucket, "from": start, "to": stop, "rows": rows} for start, stop, rows in bounds]


def _worst(rows: pd.DataFrame) -> list[WorstRow]:
    worst = rows[~rows["inside"]].sort_values("off", ascending=False, kind="stable").head(WORST)
    return [
        WorstRow(request_id=request_id, detail=f"asked for {bucket} words, has {words}")
        for request_id, bucket, words in zip(worst["request_id"], worst["num_words"], worst["words"], strict=True)
    ]
