"""What a model learns, and what is said where it can't."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.errors import EvaluationError
from synthetic_textcat.hashing import pick
from synthetic_textcat.pipelines.evaluate.nodes import train_on_triplets

_WORDS = {
    "sport": ["goal", "match", "coach", "league", "striker"],
    "cooking": ["oven", "butter", "recipe", "simmer", "dough"],
    "travel": ["flight", "hotel", "passport", "luggage", "border"],
}
_WITH_EXTRA = pytest.mark.skipif(not find_spec("sentence_transformers"), reason="the extra `train` is not installed")
_WITHOUT_EXTRA = pytest.mark.skipif(bool(find_spec("sentence_transformers")), reason="the extra `train` is installed")


def _triplets(rows: int, start: int = 0) -> pd.DataFrame:
    def _row(number: int) -> dict[str, str]:
        label, other = sorted(_WORDS)[number % 3], sorted(_WORDS)[(number + 1) % 3]
        text = " ".join(pick(_WORDS[label], number, place) for place in range(6))
        return {"anchor": text, "positive": label, "negative": other}

    return pd.DataFrame([_row(number) for number in range(start, start + rows)])


def _files(train: int, test: int) -> dict[str, Callable[[], Any]]:
    return {
        "data/triplet-train.parquet": lambda: _triplets(train),
        "data/triplet-test.parquet": lambda: _triplets(test, train),
    }


@_WITHOUT_EXTRA
def test_a_missing_extra_is_one_line_with_the_next_step() -> None:
    with pytest.raises(EvaluationError, match=r"needs the extra `train`.*install -e \.\[train\]`") as caught:
        train_on_triplets(_files(10, 10))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("train", "test", "named"), [(0, 3, "train"), (3, 0, "test")])
def test_a_split_without_rows_is_named(train: int, test: int, named: str) -> None:
    with pytest.raises(EvaluationError, match=f"no rows in data/triplet-{named}"):
        train_on_triplets(_files(train, test))
    files = _files(train, test)
    del files[f"data/triplet-{named}.parquet"]
    with pytest.raises(EvaluationError, match=f"no rows in data/triplet-{named}"):
        train_on_triplets(files)


@_WITH_EXTRA
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_labels_that_follow_from_texts_are_learnt_alike_each_time() -> None:
    found = train_on_triplets(_files(600, 60))
    assert found["train/triplet_accuracy_before"] < 0.75
    assert found["train/triplet_accuracy_after"] > 0.95
    assert found["train/triplet_accuracy_after_low"] < found["train/triplet_accuracy_after"]
    assert (found["train/rows"], found["train/held_out_rows"]) == (600, 60)
    assert train_on_triplets(_files(600, 60)) == found


@_WITH_EXTRA
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_labels_that_do_not_follow_are_not() -> None:
    files = _files(600, 300)
    names = sorted(_WORDS)

    def _drawn() -> pd.DataFrame:
        turned = [number % 3 for number in range(600)]
        labels = [names[(turn + int(pick("012", number, "noise"))) % 3] for number, turn in enumerate(turned)]
        others = [names[(names.index(label) + 1) % 3] for label in labels]
        return _triplets(600).assign(positive=labels, negative=others)

    found = train_on_triplets({**files, "data/triplet-train.parquet": _drawn})
    assert 0.2 < found["train/triplet_accuracy_after"] < 0.8
