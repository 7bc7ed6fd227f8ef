"""Label accuracy from labels by hand alone, and with the verdicts of a judge."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthetic_textcat.pipelines.label_check.accuracy import label_accuracy
from synthetic_textcat.pipelines.label_check.sampling import draw_sample
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.label_sets import labels_column
from synthetic_textcat.schemas.label_verdicts import (
    BOTH,
    HAND_LABELS,
    LABEL_SAMPLE_DESIGN,
    LABEL_VERDICTS,
    NONE_OF_THESE,
    UNCLEAR,
    text_sha256,
)
from synthetic_textcat.schemas.parameters import LabelCheckParameters
from synthetic_textcat.schemas.rows import to_frame
from synthetic_textcat.tables import as_table
from synthetic_textcat.text.intervals import jeffreys_interval
from tests.support.each_case import each_of

_ROWS = 1_000


@cache
def _examples() -> pd.DataFrame:
    ids = [f"r{number}" for number in range(_ROWS)]
    tasks = ["big" if number % 4 else "small" for number in range(_ROWS)]
    return pd.DataFrame({"request_id": ids, "task_id": tasks, "label": "a", "input_text": ids})


def _design(examples: pd.DataFrame, rows: int = 100, **given: Any) -> pd.DataFrame:
    hashes = examples["input_text"].head(rows).map(text_sha256)
    chosen = (
        examples.head(rows)
        .assign(
            text_sha256=hashes, labels=pd.Series([["a", "b"]] * rows), stratum="unjudged", probability=0.1, rows=_ROWS
        )
        .assign(task_type="single_label")
    )
    return chosen.assign(**given)[list(LABEL_SAMPLE_DESIGN)]


def _by_hand(design: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    keys = zip(design["task_id"], design["text_sha256"], strict=True)
    return to_frame([(*key, label) for key, label in zip(keys, labels, strict=True) if label], HAND_LABELS)


def _accuracy(
    examples: pd.DataFrame, verdicts: pd.DataFrame | None, by_hand: pd.DataFrame, design: pd.DataFrame
) -> Metrics:
    return label_accuracy(as_table(examples), as_table(verdicts), by_hand, design)


def _verdicts(examples: pd.DataFrame, verdicts: Sequence[str | None]) -> pd.DataFrame:
    ids = examples["request_id"].head(len(verdicts))
    return to_frame(
        [(row, said, 3, said == "a", False, "m") for row, said in zip(ids, verdicts, strict=True)], LABEL_VERDICTS
    )


def test_labels_by_hand_alone_give_the_interval_of_a_share() -> None:
    examples = _examples()
    design = _design(examples)
    found = _accuracy(
        examples,
        None,
        _by_hand(design, ["a"] * 80 + ["b"] * 10 + [NONE_OF_THESE] * 4 + [UNCLEAR] * 3 + [""] * 3),
        design,
    )

    low, high = jeffreys_interval(80 / 94, 94)
    assert found["label/accuracy"] == pytest.approx(80 / 94, abs=1e-4)
    assert found["label/accuracy_low"] == pytest.approx(float(low), abs=0.01)
    assert found["label/accuracy_high"] == pytest.approx(float(high), abs=0.01)
    counts = {
        name: found[f"label/{name}"]
        for name in ("hand_labelled", "hand_unclear", "hand_unlabelled", "hand_gone", "verdicts")
    }
    assert counts == {"hand_labelled": 94, "hand_unclear": 3, "hand_unlabelled": 3, "hand_gone": 0, "verdicts": 0}
    assert not [name for name in found if name.startswith("judge/")]


def test_a_task_with_enough_rows_has_an_accuracy_of_its_own() -> None:
    examples = _examples()
    design = _design(examples, 60)
    labels = ["a" if task == "big" else "b" for task in design["task_id"]]
    found = _accuracy(examples, None, _by_hand(design, labels), design)

    assert found["label/accuracy/big"] == 1.0
    assert found["label/accuracy"] == pytest.approx(0.75)
    assert "label/accuracy/small" not in found  # 15 rows


def test_a_good_judge_narrows_the_interval_and_saves_rows() -> None:
    examples = _examples()
    design = _design(examples)
    by_hand = _by_hand(design, ["a" if number % 5 else "b" for number in range(100)])
    verdicts = _verdicts(examples, ["a" if number % 5 else "b" for number in range(_ROWS)])
    alone, powered = (_accuracy(examples, judge, by_hand, design) for judge in (None, verdicts))

    assert powered["label/accuracy"] == alone["label/accuracy"] == pytest.approx(0.8)
    assert _width(powered) < 0.5 * _width(alone)
    assert (powered["judge/accuracy"], powered["judge/weight"], powered["label/verdicts"]) == (1.0, 1.0, _ROWS)
    assert powered["judge/rows_saved"] == pytest.approx(powered["judge/effective_rows"] - 100, abs=0.11)  # type: ignore[operator]
    assert powered["judge/rows_saved"] > 100  # type: ignore[operator]


def test_the_judge_corrects_a_sample_with_too_many_disputed_rows() -> None:
    examples = _examples()
    verdicts = _verdicts(examples, ["b"] * 50 + ["a"] * 950)
    design = _design(examples, probability=[0.5] * 50 + [0.1] * 50)
    found = _accuracy(examples, verdicts, _by_hand(design, ["b"] * 50 + ["a"] * 50), design)

    assert found["label/accuracy"] == pytest.approx(0.95)
    assert found["judge/accuracy"] == 1.0


def test_without_verdicts_rows_count_by_their_probabilities() -> None:
    examples = _examples()
    design = _design(examples, probability=[0.5] * 50 + [0.1] * 50)
    found = _accuracy(examples, None, _by_hand(design, ["b"] * 50 + ["a"] * 50), design)

    assert found["label/accuracy"] == pytest.approx(500 / 600, abs=1e-4)


def test_a_share_of_the_rows_may_be_judged() -> None:
    examples = _examples()
    design = _design(examples)
    by_hand = _by_hand(design, ["a"] * 100)
    found = [_accuracy(examples, _verdicts(examples, ["a"] * judged), by_hand, design) for judged in (200, 60, 40)]

    names = ("label/verdicts", "label/hand_labelled", "label/hand_unjudged", "label/accuracy")
    assert [tuple(each[name] for name in names) for each in found] == [
        (200, 100, 0, 1),
        (60, 60, 40, 1),
        (0, 100, 0, 1),
    ]


@each_of(
    ("by_hand", "verdict", "label_is_right", "judge_is_right"),
    [
        (NONE_OF_THESE, NONE_OF_THESE, 0, 1),
        (NONE_OF_THESE, "a", 0, 0),
        (BOTH, "b", 1, 1),
        (BOTH, NONE_OF_THESE, 1, 0),
        ("a", None, 1, 0),
    ],
)
def test_words_for_no_single_label(by_hand: str, verdict: str | None, label_is_right: int, judge_is_right: int) -> None:
    examples = _examples()
    design = _design(examples, labels=pd.Series([["a", "b", BOTH]] * 100))
    found = _accuracy(examples, _verdicts(examples, [verdict] * 100), _by_hand(design, [by_hand] * 100), design)

    assert (found["label/accuracy"], found["judge/accuracy"]) == (label_is_right, judge_is_right)


def test_rows_that_changed_or_are_gone_do_not_count() -> None:
    examples = _examples()
    design = _design(examples)
    by_hand = _by_hand(design, ["a"] * 100)
    later = examples.iloc[10:].assign(
        input_text=[f"other{n}" if n < 20 else row for n, row in enumerate(examples["input_text"].iloc[10:])]
    )
    found = _accuracy(later, None, by_hand, design)

    assert (found["label/hand_labelled"], found["label/hand_gone"]) == (70, 30)


def test_a_label_that_the_set_no_longer_has_does_not_count() -> None:
    examples = _examples()
    design = _design(examples)
    found = _accuracy(examples, None, _by_hand(design, ["former"] * 40 + ["a"] * 60), design)

    assert (found["label/hand_labelled"], found["label/hand_unlabelled"], found["label/accuracy"]) == (60, 40, 1.0)


def test_without_a_label_there_is_no_accuracy() -> None:
    examples = _examples()
    design = _design(examples)
    found = _accuracy(examples, _verdicts(examples, ["a"] * _ROWS), _by_hand(design, [""] * 100), design)

    assert (found["label/accuracy"], found["label/hand_unlabelled"]) == (None, 100)


def _width(found: dict[str, float | None]) -> float:
    low, high = found["label/accuracy_low"], found["label/accuracy_high"]
    assert low is not None
    assert high is not None
    return high - low


@pytest.mark.slow
@pytest.mark.parametrize("share", [1.0, 0.3])
def test_drawn_samples_of_unequal_tasks_cover_the_truth(share: float) -> None:
    covered = [_covers(np.random.default_rng([share == 1.0, seed]), share, seed) for seed in range(200)]

    assert np.mean(covered) >= 0.93


def _covers(rng: np.random.Generator, share: float, seed: int) -> bool:
    """Whether the interval of one simulated run holds the truth: tasks differ in size, accuracy and the judge's."""
    tasks = rng.choice(3, _ROWS, p=[0.7, 0.25, 0.05])
    right = rng.random(_ROWS) < np.array([0.95, 0.8, 0.5])[tasks]
    agrees = np.where(rng.random(_ROWS) < np.array([0.9, 0.7, 0.6])[tasks], right, ~right)
    examples = _examples().assign(task_id=[f"t{task}" for task in tasks])
    truth = ["a" if each else "b" for each in right]
    said = ["a" if each else "b" for each in agrees]
    judged = sorted(rng.choice(_ROWS, int(share * _ROWS), replace=False))
    verdicts = _verdicts(examples, said).iloc[judged]
    rows = as_table(examples.assign(misleading_label="b"))
    drawn = draw_sample(rows, as_table(verdicts), LabelCheckParameters(sample_rows=80), seed)
    design = drawn.assign(
        labels=pd.Series([["a", "b"]] * len(drawn)),
        truth=drawn["request_id"].map(dict(zip(examples["request_id"], truth, strict=True))),
    )
    found = _accuracy(examples, verdicts, _by_hand(design, design["truth"].tolist()), design)
    low, high = found["label/accuracy_low"], found["label/accuracy_high"]
    assert low is not None
    assert high is not None
    return bool(low <= right.mean() <= high)


@each_of(
    ("by_hand", "is_right", "judge_is_right"),
    [
        ('["a","c"]', 1, 1),
        ('["a"]', 0, 0),
        ('["a","b","c"]', 0, 0),
        ("[]", 0, 0),
    ],
)
def test_a_row_with_several_labels_is_right_if_it_has_exactly_those_by_hand(
    by_hand: str, is_right: int, judge_is_right: int
) -> None:
    rows = _examples().assign(label=pd.Series([None] * _ROWS, dtype="str"), labels=labels_column([("a", "c")] * _ROWS))
    design = _design(rows).assign(labels=pd.Series([["a", "b", "c"]] * 100), task_type="multi_label")
    verdicts = _verdicts(rows, ['["a","c"]'] * 100).assign(agrees=True)
    found = _accuracy(rows, verdicts, _by_hand(design, [by_hand] * 100), design)
    assert (found["label/accuracy"], found["judge/accuracy"]) == (is_right, judge_is_right)


def test_a_single_label_given_before_a_task_had_several_does_not_count() -> None:
    rows = _examples().assign(label=pd.Series([None] * _ROWS, dtype="str"), labels=labels_column([("a",)] * _ROWS))
    design = _design(rows).assign(labels=pd.Series([["a", "b"]] * 100), task_type="multi_label")
    found = _accuracy(rows, None, _by_hand(design, ["a"] * 60 + ['["a"]'] * 30 + ['["gone"]'] * 10), design)
    assert (found["label/hand_labelled"], found["label/hand_unlabelled"]) == (30, 70)
