"""The labels that the model made for open tasks."""

from synthetic_textcat.pipelines.quality_report.open_labels import MadeLabels, made_labels, open_label_metrics
from synthetic_textcat.schemas.rows import REQUESTS, to_frame
from tests.pipelines.quality_report.builders import example_frame

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
    made = made_labels(_PLAN, _EXAMPLES)
    assert made == [MadeLabels("Open.", 2, 3), MadeLabels("Other.", 1, 1)]
    assert open_label_metrics(_PLAN, made) == {"labels/open_tasks": 3, "labels/made": 3}


def test_a_plan_of_closed_tasks_has_none() -> None:
    closed = _PLAN[_PLAN["task_id"] == "closed"]
    assert made_labels(closed, _EXAMPLES) == []
    assert open_label_metrics(closed, []) == {"labels/open_tasks": 0, "labels/made": 0}
    assert made_labels(closed, _EXAMPLES.head(0)) == []
