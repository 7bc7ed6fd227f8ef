"""What trainers read."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog

from synthetic_textcat.errors import EvaluationError, StaleTableError
from synthetic_textcat.hashing import short_id
from synthetic_textcat.pipelines.export.formats import FORMATS, e5, flag_embedding
from synthetic_textcat.pipelines.export.nodes import (
    SplitRows,
    export_by_task,
    export_huggingface,
    export_triplets,
    set_overlaps_aside,
    split_rows,
)
from synthetic_textcat.pipelines.export.pipeline import create_pipeline
from synthetic_textcat.pipelines.export.task_formats import TASK_FORMATS, argilla
from synthetic_textcat.schemas.label_verdicts import LABEL_VERDICTS
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, ExportParameters
from synthetic_textcat.schemas.publications import CONFIGS, SPLITS, path_of, task_config
from synthetic_textcat.schemas.rows import EXAMPLES, LABEL_AGREEMENT, REQUESTS, own_of, plain, to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable, SharedFiles
from synthetic_textcat.work_pool import ROWS_TO_SHARE, THIS_MACHINE
from tests.pipelines.export.builders import TASK, TASKS, by_task, read
from tests.pipelines.quality_report.builders import ROW, example_frame
from tests.support.project import ROOT
from tests.support.task_tables import task_table

_EXPORT = ExportParameters()


def _plan(rows: int) -> pd.DataFrame:
    of_all = {**ROW, "labels": (ROW["label"],), "task_id": TASK.task_id, "seed": 1}
    return to_frame(
        ({name: {**of_all, "request_id": f"r{x}", "replicate": x}.get(name) for name in REQUESTS} for x in range(rows)),
        REQUESTS,
    )


def _examples(rows: int) -> pd.DataFrame:
    texts = (short_id(place) + short_id(place, "more") for place in range(rows))
    return example_frame(
        {"request_id": f"r{place}", "task_id": TASK.task_id, "input_text": text} for place, text in enumerate(texts)
    )


def _split(examples: pd.DataFrame, plan: pd.DataFrame) -> SplitRows:
    none = pd.DataFrame({"request_id": [], "overlap": []}, dtype="str")
    return split_rows(
        FrameTable(examples),
        FrameTable(none),
        FrameTable(plan),
        TASKS,
        AttributeSamplingParameters(),
        _EXPORT,
        42,
        THIS_MACHINE,
    )


def _files(**settings: Any) -> dict[str, Any]:
    examples = _examples(20)
    splits, _ = _split(examples, _plan(20))
    chosen = ExportParameters.model_validate(settings)
    files = export_huggingface(FrameTable(examples), by_task(examples), splits, TASKS, "# Card\n", chosen, THIS_MACHINE)
    return {name: read(file) for name, file in files.items()}


def _triplets(examples: pd.DataFrame, export: ExportParameters) -> tuple[pd.DataFrame, pd.DataFrame]:
    found = export_triplets(FrameTable(examples), TASKS, export)
    return found.triplets.to_pandas(), found.instructions.to_pandas()


def test_triplets_have_exactly_their_columns_in_order() -> None:
    frame, prefixes = _triplets(example_frame([{}, {"input_text": "Hm.\nWell.", "label": "mixed"}]), _EXPORT)
    assert list(frame.columns) == ["anchor", "positive", "negative"]
    assert list(frame.itertuples(index=False, name=None)) == [
        ("Instruct: Sort a review.\nQuery: They forgot the sauce.", "bad", "good"),
        ("Instruct: Sort a review.\nQuery: Hm.\nWell.", "mixed", "good"),
    ]
    assert list(prefixes.columns) == ["request_id", "task_id", "instruction"]


def test_an_instruction_that_is_left_out_stands_next_to() -> None:
    rows = [{"request_id": f"r{place}", "label": label} for place, label in enumerate("aabb")]
    settings = {"distinct_label_batches": 2}
    examples = example_frame(rows)
    baked, _ = _triplets(examples, ExportParameters.model_validate(settings))
    bare, prefixes = _triplets(examples, ExportParameters.model_validate({**settings, "instruction": "left_out"}))
    assert set(bare["anchor"]) == {"They forgot the sauce."}
    assert (prefixes["instruction"] + bare["anchor"]).tolist() == baked["anchor"].tolist()
    assert bare["positive"].tolist() == ["a", "b", "a", "b"]
    assert prefixes["request_id"].tolist() == ["r0", "r2", "r1", "r3"]


def test_no_examples_are_no_triplets_with_the_same_columns() -> None:
    frame, _ = _triplets(example_frame([]), _EXPORT)
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


def test_examples_of_another_plan_are_reported() -> None:
    with pytest.raises(StaleTableError, match="Row r2 of the dataset 'examples' is not in the plan"):
        _split(_examples(3), _plan(2))


def test_no_examples_have_no_splits() -> None:
    splits, report = _split(example_frame([]), _plan(3))
    assert not len(splits)
    assert set(report.values()) == {0}


def test_the_dataset_folder_has_each_view_in_splits() -> None:
    files = _files()
    assert files["README.md"] == "# Card\n"
    names = {path_of(config, split) for config in (*CONFIGS, task_config(TASK.task_id)) for split in SPLITS}
    assert set(files) == {"README.md", *names}
    assert list(files["data/default-train.parquet"].columns) == list(EXAMPLES)
    assert list(files["data/triplet-train.parquet"].columns) == ["anchor", "positive", "negative"]
    assert list(files["data/text-label-test.parquet"].columns) == ["text", "label", "task", "task_id"]
    assert [len(files[f"data/triplet-{split}.parquet"]) for split in SPLITS] == [16, 2, 2]


def test_without_examples_the_folder_has_an_empty_train_split() -> None:
    none = example_frame([])
    splits = FrameTable(pd.DataFrame({"split": []}, dtype="str"))
    files = export_huggingface(
        FrameTable(none), by_task(none), splits, TASKS, "# Card\n", ExportParameters(), THIS_MACHINE
    )
    assert set(files) == {"README.md", *(f"data/{view}-train.parquet" for view in CONFIGS)}
    assert read(files["data/default-train.parquet"]).empty


def test_json_lines_are_as_their_trainers_read_them() -> None:
    rows = FrameTable(example_frame([{}]))
    instructed, listed = e5(rows, TASKS).to_pandas(), flag_embedding(rows, TASKS).to_pandas()
    both = {"query": "They forgot the sauce."}
    assert instructed.to_dict("records") == [
        {"instruction": "Sort a review.", **both, "positive": "bad", "negative": "good"}
    ]
    assert listed.to_dict("records") == [{**both, "pos": ["bad"], "neg": ["good"], "prompt": "Sort a review."}]


def test_each_format_fills_a_file_of_the_catalog() -> None:
    loader = OmegaConfigLoader(
        str(ROOT / "conf"),
        base_env="base",
        default_run_env="base",
        custom_resolvers={"arrow_schema": str},  # no dataset is made here
    )
    config = loader["catalog"]
    catalog = DataCatalog.from_config({name: config[name] for name in config if not name.startswith("_")})
    formats = {*FORMATS, *TASK_FORMATS}
    assert [name for name in formats if name not in catalog] == []
    assert {name for node in create_pipeline().nodes for name in node.outputs} >= formats


class _AskedPool:
    """Works in this process; remembers how many rows it is asked to share, and the most items at once."""

    folder = Path()

    def __init__(self) -> None:
        self.asked = (0, 0)

    def map(self, work: Any, items: Iterable[Any], rows: int, at_once: int = 1) -> Iterator[Any]:
        self.asked = (rows, at_once)
        yield from work([*items])


def test_files_of_many_small_tasks_are_worth_other_processes() -> None:
    tasks = [Task.model_validate({"task": f"Sort mails of desk {desk}.", "labels": ["A", "B"]}) for desk in range(250)]
    rows = example_frame({"request_id": f"r{task.task_id}", "task_id": task.task_id, "label": "A"} for task in tasks)
    pool = _AskedPool()
    files = export_by_task(argilla)(by_task(rows), task_table(tasks), pool)
    assert isinstance(files, SharedFiles)
    assert list(files.share(list, files)) == list(files)
    rows_to_share, at_once = pool.asked
    assert len(rows) < ROWS_TO_SHARE < rows_to_share
    assert at_once < len(files) == 500


def test_records_for_argilla_suggest_the_label_and_say_who_wrote() -> None:
    examples = pd.concat([_examples(1), example_frame([{"task_id": "open"}])], ignore_index=True)
    files = export_by_task(argilla)(by_task(examples), TASKS, THIS_MACHINE)
    (record,) = json.loads(read(files[f"{TASK.task_id}.records.json"]))
    assert record["fields"] == {"text": examples["input_text"].iloc[0], "task": "Sort a review."}
    assert record["suggestions"] == {"label": {"value": "bad", "score": None, "agent": "model-1", "type": "model"}}
    assert record["metadata"]["language"] == "English"
    (question,) = files[f"{TASK.task_id}.settings.json"]()["questions"]
    assert question == {"name": "label", "type": "label", "labels": ["good", "bad", "mixed"]}
    (question,) = files["open.settings.json"]()["questions"]
    assert question == {"name": "label", "type": "text"}


def test_rows_of_the_evaluation_set_are_set_aside_and_named() -> None:
    near = "The courier left my parcel in the rain again, and nobody rang the bell."
    rows = ["Something else altogether.", near, "Equal, but for CASE."]
    examples = example_frame([{"request_id": f"r{place}", "input_text": text} for place, text in enumerate(rows)])
    held = pd.DataFrame({"text": [near.replace("rain", "snow"), "equal,  but for case.", None]})
    exported, overlaps = set_overlaps_aside(FrameTable(examples), held, None, _EXPORT, THIS_MACHINE)
    assert exported["request_id"].tolist() == ["r0"]
    assert overlaps.to_pandas().to_dict("records") == [
        {"request_id": "r1", "overlap": "near"},
        {"request_id": "r2", "overlap": "exact"},
    ]
    plan = _plan(3)
    report = split_rows(
        exported, overlaps, FrameTable(plan), TASKS, AttributeSamplingParameters(), _EXPORT, 42, THIS_MACHINE
    ).report
    assert (report["export/overlaps_exact"], report["export/overlaps_near"]) == (1, 1)


@pytest.mark.parametrize("held", [None, pd.DataFrame({"text": []}, dtype="str")])
def test_without_an_evaluation_set_all_rows_are_exported(held: pd.DataFrame | None) -> None:
    examples = FrameTable(_examples(3))
    exported, overlaps = set_overlaps_aside(examples, held, None, _EXPORT, THIS_MACHINE)
    assert exported is examples
    assert list(overlaps.columns) == ["request_id", "overlap"]
    assert not len(overlaps)


def test_an_evaluation_set_without_texts_is_reported_in_one_line() -> None:
    with pytest.raises(EvaluationError, match="no column `text`, but texts, label \\(did you mean texts"):
        set_overlaps_aside(
            FrameTable(_examples(1)), pd.DataFrame({"texts": ["a"], "label": ["b"]}), None, _EXPORT, THIS_MACHINE
        )


def test_by_choice_exported_rows_say_whether_a_judge_agrees() -> None:
    examples = FrameTable(_examples(3))
    ids = examples["request_id"]
    rows = [(ids[0], "bad", 1, True, False, "judge-1"), (ids[2], "good", 1, False, False, "judge-1")]
    verdicts = FrameTable(to_frame(rows, LABEL_VERDICTS))
    chosen = ExportParameters(label_agreement=True)

    assert set_overlaps_aside(examples, None, verdicts, _EXPORT, THIS_MACHINE).examples is examples
    exported = set_overlaps_aside(examples, None, verdicts, chosen, THIS_MACHINE).examples
    assert plain(exported[LABEL_AGREEMENT]) == [True, None, False]
    assert own_of(exported) == []
    for nothing in (None, FrameTable(verdicts.empty())):
        assert (
            plain(set_overlaps_aside(examples, None, nothing, chosen, THIS_MACHINE).examples[LABEL_AGREEMENT])
            == [None] * 3
        )


def test_trainers_that_read_every_column_get_no_other() -> None:
    exported = _examples(2).assign(**{LABEL_AGREEMENT: pd.array([True, None], dtype="boolean")})

    assert [*_triplets(exported, _EXPORT)[0]] == ["anchor", "positive", "negative"]
    for function in (e5, flag_embedding):
        assert LABEL_AGREEMENT not in function(FrameTable(exported), TASKS)
