"""What trainers read."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.hashing import short_id
from synthetic_textcat.pipelines.export.huggingface import CONFIGS
from synthetic_textcat.pipelines.export.nodes import SplitRows, export_huggingface, export_triplets, split_rows
from synthetic_textcat.pipelines.export.splits import SPLITS
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, ExportParameters
from synthetic_textcat.schemas.rows import EXAMPLES, REQUESTS, to_frame
from tests.pipelines.export.builders import TASK, TASKS
from tests.pipelines.quality_report.builders import ROW, example_frame

_EXPORT = ExportParameters()


def _plan(rows: int) -> pd.DataFrame:
    of_all = {**ROW, "task_id": TASK.task_id, "seed": 1}
    return to_frame(
        ({name: {**of_all, "request_id": f"r{x}", "replicate": x}[name] for name in REQUESTS} for x in range(rows)),
        REQUESTS,
    )


def _examples(rows: int) -> pd.DataFrame:
    texts = (short_id(place) + short_id(place, "more") for place in range(rows))
    return example_frame(
        {"request_id": f"r{place}", "task_id": TASK.task_id, "input_text": text} for place, text in enumerate(texts)
    )


def _split(examples: pd.DataFrame, plan: pd.DataFrame) -> SplitRows:
    return split_rows(examples, plan, TASKS, AttributeSamplingParameters(), _EXPORT, 42)


def _files(**settings: Any) -> dict[str, Callable[[], Any]]:
    examples = _examples(20)
    splits, _ = _split(examples, _plan(20))
    return export_huggingface(examples, splits, "# Card\n", ExportParameters.model_validate(settings))


def test_triplets_have_exactly_their_columns_in_order() -> None:
    frame, beside = export_triplets(example_frame([{}, {"input_text": "Hm.\nWell.", "label": "mixed"}]), _EXPORT)
    assert list(frame.columns) == ["anchor", "positive", "negative"]
    assert list(frame.itertuples(index=False, name=None)) == [
        ("Instruct: Sort a review.\nQuery: They forgot the sauce.", "bad", "good"),
        ("Instruct: Sort a review.\nQuery: Hm.\nWell.", "mixed", "good"),
    ]
    assert list(beside.columns) == ["request_id", "task_id", "instruction"]


def test_an_instruction_that_is_left_out_stands_beside() -> None:
    rows = [{"request_id": f"r{place}", "label": label} for place, label in enumerate("aabb")]
    settings = {"distinct_label_batches": 2}
    examples = example_frame(rows)
    baked, _ = export_triplets(examples, ExportParameters.model_validate(settings))
    bare, beside = export_triplets(examples, ExportParameters.model_validate({**settings, "instruction": "left_out"}))
    assert set(bare["anchor"]) == {"They forgot the sauce."}
    assert (beside["instruction"] + bare["anchor"]).tolist() == baked["anchor"].tolist()
    assert bare["positive"].tolist() == ["a", "b", "a", "b"]
    assert beside["request_id"].tolist() == ["r0", "r2", "r1", "r3"]


def test_no_examples_are_no_triplets_with_the_same_columns() -> None:
    frame, _ = export_triplets(example_frame([]), _EXPORT)
    assert frame.empty
    assert list(frame.columns) == ["anchor", "positive", "negative"]


def test_each_example_has_its_split_and_the_counts_add_up() -> None:
    splits, report = _split(_examples(40), _plan(100))
    assert splits["request_id"].tolist() == [f"r{place}" for place in range(40)]
    counts = dict(splits["split"].fillna("left_out").value_counts())
    assert {name.removeprefix("export/rows_"): rows for name, rows in report.items() if rows} == counts
    assert report["export/rows_train"] == 32


def test_a_nearly_equal_text_is_not_in_two_splits() -> None:
    examples = _examples(10).assign(input_text="They forgot the sauce.")
    splits, report = _split(examples, _plan(10))
    assert set(splits["split"].dropna()) == {"test"}
    assert report["export/rows_left_out"] == 9
    assert set(splits["planned_split"]) == {"train", "validation", "test"}


def test_examples_of_another_plan_are_told() -> None:
    with pytest.raises(StaleTableError, match=r"Row r2 of .*examples\.parquet is not in the plan"):
        _split(_examples(3), _plan(2))


def test_no_examples_have_no_splits() -> None:
    splits, report = _split(example_frame([]), _plan(3))
    assert splits.empty
    assert set(report.values()) == {0}


def test_the_dataset_folder_has_each_view_in_splits() -> None:
    files = _files()
    assert files["README.md"]() == "# Card\n"
    names = {f"data/{view}-{split}.parquet" for view in CONFIGS for split in SPLITS}
    assert set(files) == {"README.md", *names}
    assert list(files["data/default-train.parquet"]().columns) == list(EXAMPLES)
    assert list(files["data/triplet-train.parquet"]().columns) == ["anchor", "positive", "negative"]
    assert list(files["data/text-label-test.parquet"]().columns) == ["text", "label", "task", "task_id"]
    assert [len(files[f"data/triplet-{split}.parquet"]()) for split in SPLITS] == [16, 2, 2]


def test_without_examples_the_folder_has_an_empty_train_split() -> None:
    files = export_huggingface(
        example_frame([]), pd.DataFrame({"split": []}, dtype="str"), "# Card\n", ExportParameters()
    )
    assert set(files) == {"README.md", *(f"data/{view}-train.parquet" for view in CONFIGS)}
    assert files["data/default-train.parquet"]().empty
