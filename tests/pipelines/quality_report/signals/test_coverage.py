"""The plan against what was accepted of it, by value; of dependent attributes within the value of the parent."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.coverage import coverage
from synthetic_textcat.schemas.own_attributes import DependentChoice, OwnChoice
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.quality_report.signals.made_corpus import corpus_of

_REJECTED = {"reject_reason": "same_labels"}
_BY_CHANNEL: DependentChoice = {"given": "channel", "e-mail": ["warm", "dry"], "chat": ["warm", "rude"]}
_TONE: dict[str, OwnChoice] = {"tone": _BY_CHANNEL}


def _rows(accepted: int, rejected: int, **changes: Any) -> list[dict[str, Any]]:
    return [changes] * accepted + [{**changes, **_REJECTED}] * rejected


def test_distance_and_table() -> None:
    corpus = corpus_of(
        *_rows(3, 1, language="English", tone="angry", label="bad"), *_rows(1, 3, language="German", tone=None)
    )
    measured = coverage(corpus)
    assert measured.metrics["coverage/language"] == 0.25
    assert measured.metrics["coverage/difficulty"] == 0.0
    assert measured.metrics["coverage/tone"] == 0.0
    assert [line for line in measured.tables["coverage"] if line["attribute"] == "language"] == [
        {
            "attribute": "language",
            "value": "English",
            "planned": 4,
            "accepted": 3,
            "share_planned": 0.5,
            "share_accepted": 0.75,
        },
        {
            "attribute": "language",
            "value": "German",
            "planned": 4,
            "accepted": 1,
            "share_planned": 0.5,
            "share_accepted": 0.25,
        },
    ]
    assert [line["planned"] for line in measured.tables["coverage"] if line["attribute"] == "tone"] == [4]


def test_rows_not_run_and_failed_are_not_covered() -> None:
    corpus = corpus_of({"clarity": "clear"}, {"clarity": "ambiguous", "not_run": True}, {"failure_cause": "timeout"})
    assert coverage(corpus).metrics["coverage/clarity"] == pytest.approx(1 / 3)


def test_a_value_that_nothing_was_accepted_of() -> None:
    metrics = coverage(corpus_of(*_rows(2, 0, label="good"), *_rows(0, 2, label="bad"))).metrics
    assert metrics["coverage/label"] == 0.5


def test_a_quota_is_covered_as_it_asks_not_as_lost_rows_are_planned_again() -> None:
    """Three of four German rows are lost, and planned again until the quota is full."""
    rows = [*_rows(20, 0, language="English"), *_rows(20, 60, language="German")]
    assert coverage(corpus_of(*rows)).metrics["coverage/language"] == pytest.approx(0.3)

    slots = pd.DataFrame({"language": ["English"] * 20 + ["German"] * 20 + ["Turkish"] * 10})
    measured = coverage(replace(corpus_of(*rows), quota_slots=slots))

    assert measured.metrics["coverage/language"] == pytest.approx(0.2)
    lines = {line["value"]: line for line in measured.tables["coverage"] if line["attribute"] == "language"}
    assert {value: (line["planned"], line["accepted"]) for value, line in lines.items()} == {
        "English": (20, 20),
        "German": (20, 20),
        "Turkish": (10, 0),
    }
    assert measured.metrics["coverage/p/language"] is not None  # whether lost rows depend on the language


def test_p_is_that_of_independence() -> None:
    skewed = coverage(corpus_of(*_rows(30, 10, label="good"), *_rows(20, 20, label="bad"))).metrics
    assert skewed["coverage/p/label"] == pytest.approx(0.02092, abs=1e-5)  # chi-squared 16/3, one degree of freedom
    assert skewed["coverage/p/language"] is None
    even = coverage(corpus_of(*_rows(20, 20, label="good"), *_rows(20, 20, label="bad"))).metrics
    assert even["coverage/p/label"] == 1.0


@pytest.mark.parametrize(("accepted", "rejected"), [(9, 0), (9, 4), (4, 9), (0, 9)])
def test_too_few_expected_rows_give_no_p(accepted: int, rejected: int) -> None:
    rows = [*_rows(accepted, rejected, label="good"), *_rows(accepted, rejected, label="bad")]
    assert coverage(corpus_of(*rows)).metrics["coverage/p/label"] is None


def test_the_largest_differences_come_first_and_at_most_a_hundred_values() -> None:
    many = [{"label": f"label {number}", "clarity": "clear"} for number in range(150)]
    corpus = corpus_of(*many, *_rows(0, 50, label="label 149", clarity="ambiguous"))
    measured = coverage(corpus)
    assert measured.metrics["coverage/clarity"] == 0.25
    table = measured.tables["coverage"]
    assert [line["value"] for line in table][:3] == ["ambiguous", "clear", "label 149"]
    assert len([line for line in table if line["attribute"] == "label"]) == 100


def test_the_largest_distance_is_of_attributes_with_enough_rows_a_value() -> None:
    rows = [*_rows(30, 30, tone="angry"), *_rows(30, 0, tone="calm", label="some"), *_rows(0, 20, tone="calm")]
    many = [{"label": f"label {number}", "tone": "calm", **_REJECTED} for number in range(40)]
    metrics = coverage(corpus_of(*rows, *many)).metrics
    assert metrics["coverage/tone"] == metrics["coverage/largest"] == pytest.approx(0.5 - 60 / 150)
    assert metrics["coverage/label"] is not None
    assert metrics["coverage/label"] > 0.1


def test_nothing_accepted_or_planned() -> None:
    for corpus in (corpus_of(), corpus_of(*_rows(0, 2, label=None))):
        measured = coverage(corpus)
        assert set(measured.metrics.values()) == {None}
        assert all(line["share_accepted"] is None for line in measured.tables["coverage"])
    assert [line["attribute"] for line in measured.tables["coverage"]] == list(ATTRIBUTES)


def _toned(*, usual: dict[str, OwnChoice] | None = None, task: Task | None = None) -> Corpus:
    """Rows with a tone for each channel: half of all e-mails are lost, and half of the rude chats."""
    task_id = {"task_id": task.task_id} if task else {}
    corpus = corpus_of(
        *_rows(30, 30, channel="e-mail", tone="warm", **task_id),
        *_rows(30, 30, channel="e-mail", tone="dry", **task_id),
        *_rows(60, 0, channel="chat", tone="warm", **task_id),
        *_rows(30, 30, channel="chat", tone="rude", **task_id),
    )
    return replace(corpus, own_attributes=usual or {}, tasks={task.task_id: task} if task else corpus.tasks)


_TASK = Task.model_validate({"task": "Sort a mail.", "extra": _TONE})


@pytest.mark.parametrize("corpus", [_toned(usual=_TONE, task=Task(task="Sort a mail.")), _toned(task=_TASK)])
def test_a_dependent_attribute_is_counted_within_the_values_of_its_parent(corpus: Corpus) -> None:
    measured = coverage(corpus)
    assert measured.metrics["coverage/channel"] == pytest.approx(0.1)
    assert measured.metrics["coverage/tone"] == pytest.approx((0 + 1 / 6) / 2)
    lines = [line for line in measured.tables["coverage"] if line["attribute"] == "tone"]
    assert [(line["within"], line["value"]) for line in lines] == [
        ("channel: chat", "rude"),
        ("channel: chat", "warm"),
        ("channel: e-mail", "dry"),
        ("channel: e-mail", "warm"),
    ]
    assert [(line["planned"], line["accepted"]) for line in lines] == [(60, 30), (60, 60), (60, 30), (60, 30)]
    assert [line["share_planned"] for line in lines] == [0.5] * 4
    assert [line["share_accepted"] for line in lines] == pytest.approx([1 / 3, 2 / 3, 0.5, 0.5])
    assert {line["within"] for line in measured.tables["coverage"] if line["attribute"] != "tone"} == {None}
    # chi-squared 40 for the chats and 0 for the e-mails, two degrees of freedom
    assert measured.metrics["coverage/p/tone"] == pytest.approx(2.06e-9, rel=1e-2)


def test_counted_over_all_values_of_the_parent_the_loss_would_hide() -> None:
    measured = coverage(_toned())
    assert measured.metrics["coverage/tone"] == pytest.approx(0.1)
    assert all("within" not in line for line in measured.tables["coverage"])


def test_a_value_of_the_parent_without_accepted_rows_is_the_parents_loss() -> None:
    of_task = {"task_id": _TASK.task_id}
    rows = [
        *_rows(0, 40, channel="e-mail", tone="dry", **of_task),
        *_rows(40, 0, channel="chat", tone="rude", **of_task),
    ]
    measured = coverage(replace(corpus_of(*rows), tasks={_TASK.task_id: _TASK}))
    assert measured.metrics["coverage/channel"] == 0.5
    assert measured.metrics["coverage/tone"] == 0.0
    lines = {line["value"]: line for line in measured.tables["coverage"] if line["attribute"] == "tone"}
    assert lines["dry"]["share_accepted"] is None


def test_a_label_with_plain_values_has_none_of_the_tasks_parents() -> None:
    labels = [{"name": "good", "extra": {"tone": ["warm", "dry"]}}, "bad"]
    task = Task.model_validate({"task": "Sort a mail.", "labels": labels, "extra": _TONE})
    rows = [{"task_id": task.task_id, "channel": "chat", "label": label, "tone": "warm"} for label in ("good", "bad")]
    measured = coverage(replace(corpus_of(*rows), tasks={task.task_id: task}))
    lines = [line for line in measured.tables["coverage"] if line["attribute"] == "tone"]
    assert [(line["within"], line["planned"]) for line in lines] == [(None, 1), ("channel: chat", 1)]


@pytest.mark.parametrize(
    ("columns", "tones"),
    [
        (["channel", "tone"], {("channel: chat", "rude"): (10, 30), ("channel: e-mail", "dry"): (10, 30)}),
        (["tone"], {(None, "rude"): (10, 30), (None, "dry"): (10, 30)}),
    ],
)
def test_a_quota_of_a_dependent_attribute_is_covered_as_it_asks(columns: list[str], tones: Any) -> None:
    asked = [("chat", "rude")] * 10 + [("chat", "warm")] * 20 + [("e-mail", "dry")] * 10 + [("e-mail", "warm")] * 5
    slots = pd.DataFrame(asked, columns=["channel", "tone"])[columns]
    measured = coverage(replace(_toned(task=_TASK), quota_slots=slots))
    lines = {
        (line.get("within"), line["value"]): (line["planned"], line["accepted"])
        for line in measured.tables["coverage"]
        if line["attribute"] == "tone"
    }
    assert {key: lines[key] for key in tones} == tones
    assert sum(planned for planned, _ in lines.values()) == 45


def test_a_report_made_with_other_parameters_than_the_plan_counts_over_all_values() -> None:
    by_mood: DependentChoice = {"given": "mood", "glad": ["warm", "dry"]}
    measured = coverage(_toned(usual={"tone": by_mood}, task=Task(task="Sort a mail.")))
    assert measured.metrics["coverage/tone"] == pytest.approx(0.1)
