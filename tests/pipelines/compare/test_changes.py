"""What was changed between two runs."""

import pandas as pd

from synthetic_textcat.pipelines.compare.changes import Change, changes
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.compare.builders import run
from tests.support.task_tables import task_table


def test_what_is_equal_is_not_reported() -> None:
    found = changes(run(), run(run_id="b2", name="generate-b"))
    assert found == ([], [], {}, [], 0)


def test_parameters_that_differ_or_that_one_run_alone_has() -> None:
    candidate = run(params={"seed": "42", "llm.model": "model-2", "export.new": "1"})
    assert changes(run(), candidate).parameters == [
        Change("llm.model", "model-1", "model-2"),
        Change("export.new", None, "1"),
    ]


def test_plan_and_versions_are_reported_in_words() -> None:
    candidate = run(tags={"plan_sha256": "q", "version.openai": "4.0.0", "process": "elsewhere"})
    assert changes(run(), candidate).facts == [
        Change("plan", "p", "q"),
        Change("version of openai", "3.54.0", "4.0.0"),
    ]


def test_prompts_are_reported_line_by_line() -> None:
    found = changes(run(), run(prompts={"closed_labels.yml": "one\nthree\n", "new.yml": "x"})).prompts
    assert found["closed_labels.yml"][1:] == [" one", "-two", "+three"]
    assert found["new.yml"][1:] == ["+x"]


def test_tasks_that_one_run_alone_had_by_their_sentences() -> None:
    before = pd.DataFrame({"task_id": ["t0", "t1"], "task": ["Sort.", "File."]})
    after = pd.DataFrame({"task_id": ["t1", "t2"], "task": ["File.", "Rate."]})
    assert changes(run(tasks=before), run(tasks=after)).tasks == [
        Change("task", "Sort.", None),
        Change("task", None, "Rate."),
    ]
    assert changes(run(tasks=None), run(tasks=after)).tasks == []


def test_tasks_that_both_runs_had_by_what_was_changed_in_them() -> None:
    before, after = (
        Task.model_validate({"task": "Tag.", "labels": labels, **more})
        for labels, more in (
            (["A", "B", "C"], {"labels_per_text": [0, 2], "seed_examples": [{"text": "x", "labels": ["A", "B"]}]}),
            ({"A": "first", "B": None, "Ц": None}, {"labels_per_text": [1, 2], "weight": 2}),
        )
    )
    found = changes(run(tasks=task_table([before])), run(tasks=task_table([after]))).tasks
    assert [(change.what, change.baseline, change.candidate) for change in found] == [
        ("labels: Tag.", "A; C", "A (first); Ц"),
        ("seed_examples: Tag.", "x (A, B)", None),
        ("weight: Tag.", "1", "2"),
        ("labels_per_text: Tag.", '{"0": 1.0, "1": 1.0, "2": 1.0}', '{"1": 1.0, "2": 1.0}'),
    ]


def test_labels_in_another_order_are_all_listed() -> None:
    tasks = [
        task_table([Task.model_validate({"task": "Tag.", "labels": labels})]) for labels in (["A", "B"], ["B", "A"])
    ]
    assert changes(*(run(tasks=table) for table in tasks)).tasks == [Change("labels: Tag.", "A; B", "B; A")]


def test_changes_of_thousands_of_tasks_are_counted() -> None:
    tasks = pd.DataFrame({"task_id": map(str, range(1_000)), "task": "Sort."})
    found = changes(run(tasks=tasks), run(tasks=tasks.assign(weight=2.0)))
    assert (len(found.tasks), found.more_of_tasks) == (200, 800)
