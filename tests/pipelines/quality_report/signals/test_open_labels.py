"""The labels that the model made for open tasks."""

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.open_labels import open_labels
from synthetic_textcat.schemas.rows import FINDINGS, REQUESTS, to_frame
from tests.pipelines.quality_report.builders import example_frame

_NO_FINDINGS = to_frame([], FINDINGS)
_PLAN = to_frame(
    [
        {
            **dict.fromkeys(REQUESTS, "x"),
            "replicate": 0,
            "seed": 0,
            "request_id": f"r{number}",
            "task_id": task,
            "label": label,
        }
        for number, (task, label) in enumerate(
            [("open", None), ("open", None), ("other", None), ("closed", "bad"), ("none", None)]
        )
    ],
    REQUESTS,
)
_EXAMPLES = example_frame(
    [
        {"request_id": "r2", "task_id": "other", "task": "Other.", "label": "joy"},
        {"request_id": "r0", "task_id": "open", "task": "Open.", "label": "Joy"},
        {"request_id": "r1", "task_id": "open", "task": "Open.", "label": " joy"},
        {"request_id": "r5", "task_id": "open", "task": "Open.", "label": "grief"},
        {"request_id": "r3", "task_id": "closed", "task": "Closed.", "label": "bad"},
    ]
)


def test_labels_are_counted_after_normalising_each_task_for_itself_and_the_most_come_first() -> None:
    measured = open_labels(Corpus(_EXAMPLES, _PLAN, _NO_FINDINGS))
    assert measured.metrics == {"labels/open_tasks": 3, "labels/made": 3}
    assert measured.tables["open_labels"] == [
        {"task": "Open.", "labels": 2, "rows": 3},
        {"task": "Other.", "labels": 1, "rows": 1},
    ]


def test_a_plan_of_closed_tasks_has_none() -> None:
    closed = _PLAN[_PLAN["task_id"] == "closed"]
    for examples in (_EXAMPLES, _EXAMPLES.head(0)):
        measured = open_labels(Corpus(examples, closed, _NO_FINDINGS))
        assert measured.metrics == {"labels/open_tasks": 0, "labels/made": 0}
        assert measured.tables["open_labels"] == []
