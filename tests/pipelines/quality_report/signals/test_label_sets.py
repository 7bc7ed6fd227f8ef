"""Sizes, labels and pairs of label sets, planned and accepted, counted by hand."""

from dataclasses import replace

import pandas as pd
import pytest

from synthetic_textcat.pipelines.quality_report.signals.corpus import SignalResult
from synthetic_textcat.pipelines.quality_report.signals.coverage import coverage
from synthetic_textcat.pipelines.quality_report.signals.label_sets import label_sets
from synthetic_textcat.pipelines.quality_report.signals.labels import label_balance, open_labels
from tests.pipelines.quality_report.signals.corpora import TASK, corpus, has_topic, labelled
from tests.pipelines.quality_report.signals.label_sets_made import TAGS, corpus_of, tagged

_SETS = [("billing", "delivery")] * 4 + [("billing",)] * 3 + [()] * 2 + [("praise",)]
_LOST = {f"{TAGS.task_id}-0000": "label_leaked", f"{TAGS.task_id}-0009": "surplus"}


def test_a_row_counts_in_each_of_its_labels() -> None:
    found = label_sets(corpus_of(tagged(_SETS), ends=_LOST))

    assert found.metrics == {
        "labels/per_text": pytest.approx(1.125),
        "labels/per_text_planned": pytest.approx(11 / 9, abs=1e-4),
        "labels/without_label": 0.25,
        "labels/sets": 3,
        "labels/exact_share": pytest.approx(3 / 8 + 3 / 9 + 2 / 9, abs=1e-4),
    }
    sizes = [(line["size"], line["planned"], line["accepted"]) for line in found.tables["label_set_sizes"]]
    assert sizes == [(0, 2, 2), (1, 3, 3), (2, 4, 3)]
    counts = [(line["label"], line["planned"], line["accepted"]) for line in found.tables["label_counts"]]
    assert counts == [("billing", 7, 6), ("delivery", 4, 3), ("praise", 0, 0), ("returns", 0, 0)]
    assert found.tables["label_counts"][0]["share_accepted"] == pytest.approx(6 / 8)
    pair = found.tables["label_pairs"][0]
    assert (pair["one"], pair["other"], pair["planned"], pair["accepted"]) == ("billing", "delivery", 4, 3)
    assert (pair["of_one"], pair["of_other"], pair["expected"]) == (6, 3, pytest.approx(2.2))
    assert len(found.tables["label_pairs"]) == 6


def test_tasks_with_one_label_a_text_have_none_of_it() -> None:
    assert label_sets(corpus(labelled(has_topic, 30))) == SignalResult({})


def test_the_balance_of_a_mixed_project_has_both_kinds_of_tasks() -> None:
    rows = [
        *labelled(has_topic, 30),
        *tagged([("billing",), ("delivery",), ("praise",), ("returns",)] * 10 + [()] * 10),
    ]
    both = corpus_of(rows, (TASK, TAGS))
    found = label_balance(both)
    lines = {line["task"]: line for line in found.tables["label_balance"]}
    assert (lines[TAGS.task]["rows"], lines[TAGS.task]["labels"], lines[TAGS.task]["entropy"]) == (50, 4, 1.0)
    assert lines[TAGS.task]["majority_share"] == 0.2
    assert (lines[TASK.task]["rows"], lines[TASK.task]["entropy"]) == (30, 1.0)
    assert open_labels(both).metrics["labels/open_tasks"] == 0


def test_coverage_compares_labels_and_their_number() -> None:
    found = coverage(corpus_of(tagged(_SETS), ends=_LOST))
    by_value = {
        (line["attribute"], line["value"]): (line["planned"], line["accepted"]) for line in found.tables["coverage"]
    }
    assert by_value["labels", "billing"] == (7, 6)
    assert by_value["labels_per_text", "2"] == (4, 3)
    assert found.metrics["coverage/labels"] == pytest.approx(abs(7 / 11 - 6 / 9))
    assert "coverage/p/labels" not in found.metrics
    assert found.metrics["coverage/label"] is None


def test_with_a_quota_the_rows_that_it_asks_for_are_planned() -> None:
    slots = pd.DataFrame({"task": TAGS.task, "label": None, "labels": ['["billing"]'] * 3 + ["[]"]}, dtype="str")
    found = label_sets(replace(corpus_of(tagged(_SETS), ends=_LOST), quota_slots=slots))
    sizes = [(line["size"], line["planned"], line["accepted"]) for line in found.tables["label_set_sizes"]]
    assert sizes == [(0, 1, 2), (1, 3, 3), (2, 0, 3)]
