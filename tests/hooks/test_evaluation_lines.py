"""The table of tasks with which `evaluate` ends."""

from typing import Any

from rich.cells import cell_len

from synthetic_textcat.hooks.summary_lines import evaluation_lines
from synthetic_textcat.pipelines.evaluate.scoring import FEW_ROWS


def _task(task: str, **fields: Any) -> dict[str, Any]:
    made = {
        "task_id": "0a1b",
        "task": task,
        "labels": 3,
        "training_rows": 900,
        "real_rows": 0,
        "few_real_rows": False,
        "held_out_rows": 250,
        "few_held_out_rows": False,
        "macro_f1": None,
        "low": None,
        "high": None,
        "majority_macro_f1": None,
        "train_on_real_macro_f1": None,
        "held_out_synthetic_macro_f1": 0.95,
        "note": "",
    }
    return {**made, **fields}


_REAL = {"real_rows": 70, "macro_f1": 0.04, "low": 0.01, "high": 0.09, "train_on_real_macro_f1": 0.81}


def test_each_task_has_its_scores_and_the_tasks_with_real_rows_come_first() -> None:
    tasks = [_task("Tell the mood of a note."), _task("Sort a ticket by the team that answers it.", **_REAL)]
    metrics = {"real/macro_f1": 0.04, "real/tasks": 1, "real/rows": 70}
    lines = list(evaluation_lines(tasks, metrics, "data/08_reporting/evaluation_by_task.json"))
    assert lines[3].startswith("Sort a ticket by th      70")
    assert lines[3].split()[-7:] == ["(0.01", "to", "0.09)", "0.81", "-", "0.95", "(250)"]
    assert lines[4].split()[-6:] == ["0", "-", "-", "-", "0.95", "(250)"]
    assert lines[-1] == "scores    data/08_reporting/evaluation_by_task.json"
    assert not any(line.startswith("mean") for line in lines)


def test_several_labels_a_text_have_their_micro_f1() -> None:
    metrics = {"real/micro_f1": 0.871, "train/held_out_synthetic_micro_f1": 0.95, "real/rows": 70}
    lines = list(evaluation_lines([_task("Mark a note.", **_REAL)], metrics, None))
    assert lines[-2:] == [
        "micro-F1  0.87 on real rows, of tasks with several labels a text",
        "micro-F1  0.95 on held-out synthetic rows, of tasks with several labels a text",
    ]
    assert not any("micro" in line for line in evaluation_lines([_task("Mark a note.")], {}, None))


def test_wide_letters_and_many_tasks_stay_within_80_columns() -> None:
    note = "training on real rows needs 50 rows and 2 labels with 5 rows each"
    tasks = [_task("按照需要回答的团队对客户的支持请求进行分类并说明理由", **_REAL, note=note) for _ in range(40)]
    lines = list(evaluation_lines(tasks, {"real/macro_f1": 0.049, "real/tasks": 40.0, "real/rows": 2800}, "x.json"))
    assert max(map(cell_len, lines)) <= 80
    assert "          and 20 more tasks: see the file" in lines
    assert "note      40 tasks: training on real rows needs 50 rows and 2 labels with 5 rows" in lines
    assert "mean      0.05 over 40 tasks, weighted by real rows" in lines


def test_test_rows_that_are_too_few_for_a_reliable_score_are_marked() -> None:
    few = {"held_out_rows": 100, "few_held_out_rows": True, "labels": 60}
    lines = list(evaluation_lines([_task("Tell the mood.", **few, **_REAL)], {}, None))
    assert lines[3].endswith(" 0.95 (100?)")
    assert f"?         {FEW_ROWS}" in lines
    assert max(map(cell_len, lines)) <= 80


def test_without_real_rows_the_table_says_what_its_scores_are_not() -> None:
    lines = list(evaluation_lines([_task("Tell the mood.")], {}, None))
    assert lines[-1] == "          a score on synthetic rows is not an accuracy on real text"
