"""Which rows are looked at.

Labels as numbers.
"""

from collections import Counter

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from synthetic_textcat.text.label_samples import (
    ENOUGH_OTHERS,
    FOLDS,
    MOST_LABELS,
    MOST_ROWS,
    MOST_ROWS_IN_ALL,
    Samples,
    label_rows,
    task_samples,
)
from synthetic_textcat.text.unicode import normalised
from tests.pipelines.quality_report.builders import example_frame
from tests.pipelines.quality_report.signals.corpora import labelled, says_nothing
from tests.support.examples import examples

_LABELS = st.sampled_from(["joy", "Joy", " joy", "grief", "fear"])


def _samples(rows: list[dict[str, str]]) -> Samples:
    return _of(example_frame(rows))


def _of(examples: pd.DataFrame) -> Samples:
    return task_samples(label_rows(as_table(examples)), as_table(examples), seed=42)


def test_rows_of_rare_labels_are_not_looked_at() -> None:
    rows = [*labelled(says_nothing, 90), *labelled(says_nothing, 4, labels=["a rare one", "none"])]
    (sample,) = _samples(rows).samples
    assert sorted(sample.names) == ["billing", "delivery", "praise"]
    assert (sample.rows, len(sample.texts)) == (94, 90)


def test_the_most_frequent_labels_count() -> None:
    many = [f"label {number:03}" for number in range(MOST_LABELS + 10)]
    rows = [*labelled(says_nothing, 5 * len(many), labels=many), *labelled(says_nothing, 30, labels=many[-10:])]
    (sample,) = _samples(rows).samples
    assert len(sample.names) == MOST_LABELS
    assert set(many[-10:]) <= set(sample.names)


def test_spellings_are_one_label() -> None:
    (sample,) = _samples(labelled(says_nothing, 60, labels=["Joy", "grief", "joy", "Grief"])).samples
    assert sorted(sample.names) == ["Joy", "grief"]


def test_each_label_is_in_each_fold() -> None:
    (sample,) = _samples(labelled(says_nothing, 62)).samples
    rows = Counter(zip(sample.folds.tolist(), sample.labels.tolist(), strict=True))
    assert len(rows) == FOLDS * 3
    assert max(rows.values()) - min(rows.values()) <= 1


def test_the_order_of_the_rows_does_not_matter() -> None:
    examples = example_frame(labelled(says_nothing, 90))
    (sample,), (other,) = _of(examples).samples, _of(examples.iloc[::-1].reset_index(drop=True)).samples
    assert sample.request_ids == other.request_ids


def test_a_large_task_and_many_tasks_are_looked_at_in_part() -> None:
    (sample,) = _samples(labelled(lambda number, _: str(number), MOST_ROWS + 50)).samples
    assert (len(sample.texts), sample.rows) == (MOST_ROWS, MOST_ROWS + 50)
    tasks = [Task.model_validate({"task": f"Sort a thing {'a' * number}."}) for number in range(150)]
    one = example_frame(labelled(lambda number, _: str(number), 210))
    rows = pd.concat(
        [
            one.assign(task_id=task.task_id, task=task.task, request_id=[f"{task.task_id}-{at}" for at in range(210)])
            for task in tasks
        ],
        ignore_index=True,
    )
    samples, without = _of(rows)
    assert len(samples) == 100
    assert sum(len(sample.texts) for sample in samples) <= MOST_ROWS_IN_ALL
    assert set(without["note"]) == {ENOUGH_OTHERS}
    assert {sample.task for sample in samples} | set(without["task"]) == set(rows["task"])
    assert np.all(without["rows"] == 210)


@examples(25)
@given(st.lists(st.tuples(st.sampled_from(["t0", "t1", "t2"]), _LABELS, _LABELS), max_size=20))
def test_numbers_stand_for_what_is_equal_after_normalising(rows: list[tuple[str, str, str]]) -> None:
    frame = example_frame({"task_id": task, "label": label, "misleading_label": other} for task, label, other in rows)
    found = label_rows(as_table(frame))
    assert [found.task_ids[task] for task in found.task] == [task for task, _, _ in rows]
    assert [found.keys[label] for label in found.label] == [normalised(label) for _, label, _ in rows]
    assert [found.keys[label] for label in found.misleading] == [normalised(other) for _, _, other in rows]
    assert [found.spellings[label] for label in found.spelling] == [label for _, label, _ in rows]
    assert [normalised(name) for name in found.names] == list(found.keys)
    assert found.counts["rows"].sum() == len(rows)
    assert not found.counts.duplicated(["task", "label"]).any()
