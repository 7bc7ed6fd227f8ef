"""Rows with several labels a text through a whole run: planned, asked for, read, checked, judged, counted, shown."""

import json
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import yaml

from synthetic_textcat.llm.offline.defects import applies, defect_of
from synthetic_textcat.schemas.label_sets import label_set_of, labels_of
from synthetic_textcat.schemas.task_table import tasks_of
from tests.support.project import TRACKED, Project
from tests.support.several_labels import ENTRIES

pytestmark = pytest.mark.whole_run

_RATES = {
    "fenced_json": 0.1,
    "single_quotes": 0.1,
    "labels_not_as_planned": 0.1,
    "label_leaked": 0.08,
    "same_labels": 0.08,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A run of tasks of both kinds, with faults in the replies, and a judge that errs."""
    project = Project(tmp_path_factory.mktemp("several"))
    project.path("data/01_raw/tasks.yml").write_text(yaml.safe_dump(list(ENTRIES)), encoding="utf-8")
    project.parameters(
        attribute_sampling={"num_examples": 120, "language": "English"},
        llm={"defects": _RATES},
        label_check={"share": 1.0, "llm": {"defects": {"wrong_verdict": 0.2}}},
        quality_report={"min_yield": 0.1, "thresholds": {"leaked": {"warn": 0.02, "fail": None}}},
    )
    done = project.run("--pipelines", "generate")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def _sets(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    return [tuple(labels) for labels in rows["labels"]]


def test_each_row_ends_where_its_seed_says(project: Project) -> None:
    requests = project.table("requests")
    sets = [None if isinstance(one, str) else own for one, own in zip(requests["label"], _sets(requests), strict=True)]
    faults = {
        row: defect_of(seed, _RATES)
        for row, seed in zip(requests["request_id"], requests["seed"].tolist(), strict=True)
    }
    told = Counter(
        fault
        for (fault, several) in zip(faults.values(), sets, strict=True)
        if fault in ("labels_not_as_planned", "label_leaked", "same_labels") and applies(fault, True, several)
    )
    ledger = project.ledger()
    assert ledger["planned"] == 120
    assert {reason: rows for reason, rows in ledger["rejected"].items() if rows} == dict(told)
    assert ledger["accepted"] == 120 - told.total()


def test_rows_of_both_kinds_have_their_labels_in_every_table(project: Project) -> None:
    tasks = {task.task_id: task for task in tasks_of(project.table("tasks"))}
    for name in ("requests", "candidates", "checked_rows", "examples", "rejected"):
        rows = project.table(name)
        columns = list(rows.columns)
        assert columns[columns.index("label") + 1] == "labels"
        for task_id, one, labels in zip(rows["task_id"], rows["label"], _sets(rows), strict=True):
            if tasks[task_id].task_type == "single_label":
                assert labels == (one,)
            else:
                assert pd.isna(one)
                known = [name for name in tasks[task_id].label_names if name in labels]
                assert [name for name in labels if name in tasks[task_id].label_names] == known


def test_what_was_sent_asks_for_the_planned_set(project: Project) -> None:
    preview = project.path("data/03_primary/prompt_preview.md").read_text(encoding="utf-8")
    assert "- labels: exactly [" in preview
    replies = [json.loads(line["raw_text"]) for line in project.journal() if line["raw_text"].startswith('{"input')]
    assert {frozenset(reply) - {"input_text", "misleading_label"} for reply in replies} == {
        frozenset({"label"}),
        frozenset({"labels"}),
    }


def test_each_label_is_judged_and_both_kinds_of_tasks_are_shown(project: Project) -> None:
    requests, examples, rejected = map(project.table, ("requests", "examples", "rejected"))
    planned = dict(zip(requests["request_id"], labels_of(requests), strict=True))
    assert all(planned[row] == own for row, own in zip(examples["request_id"], labels_of(examples), strict=True))
    details = rejected.loc[rejected["reject_reason"] == "labels_not_as_planned", "detail"]
    assert details.str.match(r"(missing '.+'|extra '.+')").all()

    verdicts, metrics = project.table("label_verdicts").set_index("request_id"), project.metrics()
    of_sets = verdicts.loc[verdicts.index.isin(requests.loc[requests["label"].isna(), "request_id"])]
    agrees = [planned[str(row)] == own for row, own in of_sets["verdict"].map(label_set_of).items()]
    assert of_sets["agrees"].tolist() == agrees
    assert metrics["label/sets_judged"] == len(of_sets)
    assert metrics["label/exact_set"] == pytest.approx(sum(agrees) / len(agrees), abs=1e-4)
    assert 0 < (metrics["label/unplanned_rows"] or 0) < 0.4 * len(of_sets)

    page = project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    for heading in ("Several labels a text", "Labels that texts have together", "Several labels, judged blind"):
        assert f">{heading}</h" in page
    assert re.search(r'data-label="Billing\n(Accounts|Repairs|Praise|Shipping)', page)
    assert 'Billing and Returns: not planned">' in page


@pytest.mark.slow
def test_two_runs_are_compared_by_micro_f1_too(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.path("data/01_raw/tasks.yml").write_text(yaml.safe_dump(list(ENTRIES)), encoding="utf-8")
    for num_words in ("less than 10", "at least 200"):
        project.parameters(
            attribute_sampling={"num_examples": 210, "language": "English", "num_words": num_words},
            quality_report={"min_yield": 0.1},
        )
        done = project.run("--pipelines", "generate", **TRACKED)
        assert done.returncode == 0, done.stdout + done.stderr
    done = project.run("--pipelines", "compare", **TRACKED)
    assert done.returncode == 0, done.stderr
    metrics = project.mlflow_runs()[0].data.metrics
    for name in ("macro_f1", "micro_f1"):
        low, value, high = (metrics[f"compare/learnability/{name}{end}"] for end in ("/low", "", "/high"))
        assert low <= value <= high
    page = project.path("data/08_reporting/comparison.md").read_text(encoding="utf-8")
    assert "learnability/micro_f1" in page
