"""Nodes of `evaluate`."""

import logging
from collections.abc import Callable
from typing import Any

import pandas as pd

from synthetic_textcat.errors import EvaluationError
from synthetic_textcat.pipelines.evaluate.static_model import learn

_log = logging.getLogger(__name__)

_TRAIN, _TEST = (f"data/triplet-{split}.parquet" for split in ("train", "test"))
_CONFIDENCE = 0.95


def train_on_triplets(huggingface: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """How well a model without weights learns the train split of the exported triplets, seen on their test split.

    Metrics, all of held-out rows that the same generator wrote, never of real text:

    - `train/triplet_accuracy_before`, `train/triplet_accuracy_after`: share of the test triplets whose anchor is nearer
      to its positive than to its negative, by the cosine of their embeddings (`TripletEvaluator` of
      sentence-transformers), before and after training; 0 to 1, 0.5 is luck.
    - `train/triplet_accuracy_after_low`, `…_high`: its 95 % confidence interval (Wilson 1927).
    - `train/rows`, `train/held_out_rows`: triplets trained on, and tried.

    Raises:
        EvaluationError: If there are no rows for one of them, or the extra is missing.
    """
    train, held_out = (_rows(huggingface, name) for name in (_TRAIN, _TEST))
    learnt = learn(train, held_out)
    low, high = _interval(learnt.after, len(held_out))
    _log.info(
        "Of %d held-out synthetic triplets %.3f are right before training on %d, and %.3f after it",
        len(held_out),
        learnt.before,
        len(train),
        learnt.after,
    )
    return {
        "train/triplet_accuracy_before": learnt.before,
        "train/triplet_accuracy_after": learnt.after,
        "train/triplet_accuracy_after_low": low,
        "train/triplet_accuracy_after_high": high,
        "train/rows": len(train),
        "train/held_out_rows": len(held_out),
    }


def _rows(files: dict[str, Callable[[], Any]], name: str) -> pd.DataFrame:
    rows: pd.DataFrame = files[name]() if name in files else pd.DataFrame()
    if rows.empty:
        raise EvaluationError(
            f"The exported dataset folder has no rows in {name}. Next: plan more rows "
            "(attribute_sampling.num_examples) or give that split a share (export.splits), and generate again"
        )
    return rows


def _interval(share: float, rows: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    interval = binomtest(round(share * rows), rows).proportion_ci(_CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)
