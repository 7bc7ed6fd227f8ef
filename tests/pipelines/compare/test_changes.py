"""What was changed between two runs."""

import pandas as pd

from synthetic_textcat.pipelines.compare.changes import Change, changes
from tests.pipelines.compare.builders import run


def test_what_is_equal_is_not_reported() -> None:
    found = changes(run(), run(run_id="b2", name="generate-b"))
    assert found == ([], [], {}, [])


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
