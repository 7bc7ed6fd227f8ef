"""MTEB: the code in the README next to the tasks runs, for two labels in the test rows and more."""

import json
import re
from collections.abc import Callable
from typing import Any

from synthetic_textcat.schemas.languages import languages
from tests.consumers.conftest import Exported
from tests.consumers.hard_label_sets import SEVERAL
from tests.consumers.hard_rows import FOUR, OPEN, TASKS, TESTED_OF_FOUR
from tests.consumers.tiny_models import RECORDING_MODEL

_SCRIPT = (
    RECORDING_MODEL
    + """
import json, sys

code, folder, *task_ids = sys.argv[2:]
found = {"tasks": {}, "refused languages": []}
for task_id in task_ids:
    given.clear()
    scope = {"model": recording_model()}
    exec(code.replace("data/05_model_input/export/mteb/<task_id>", f"{sys.argv[1]}/mteb/{task_id}"), scope)
    scores = scope["results"].task_results[0].scores["test"][0]
    task = scope["Task"]()
    task.load_data()
    found["tasks"][task_id] = {
        "accuracy": scores["accuracy"],
        "main score": scores["main_score"],
        "predictions scored": len(scores["scores_per_experiment"]),
        "rows": {split: [[row["text"], row["label"]] for row in rows] for split, rows in task.dataset.items()},
        "not embedded": sorted(set(task.dataset["test"]["text"]) - set(given)),
    }
mteb, fields = scope["mteb"], scope["fields"]
for code in json.loads(folder):
    try:
        mteb.TaskMetadata(**{**fields, "eval_langs": [code]}, dataset={"path": "x", "revision": "1"})
    except ValueError:
        found["refused languages"].append(code)
print(json.dumps(found))
"""
)


def test_each_closed_task_runs_with_all_its_rows(consume: Callable[..., Any], exported: Exported) -> None:
    readme = (exported.folder / "mteb" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    codes = sorted({f"{language.iso639_3}-{language.script}" for language in languages()})
    closed = [task for task in TASKS if task is not OPEN]
    found = consume("torch", _SCRIPT, code, json.dumps(codes), *(task.task_id for task in closed))
    assert found["refused languages"] == []
    for task in closed:
        own = found["tasks"][task.task_id]
        names = json.loads((exported.folder / "mteb" / task.task_id / "labels.json").read_text(encoding="utf-8"))
        for split in ("train", "test"):
            read = [[text, names["label_names"][label]] for text, label in own["rows"][split]]
            assert read == exported.pairs(task.task_id, split)
        assert own["predictions scored"] == 10
        assert 0 <= own["accuracy"] <= 1
        assert not own["not embedded"]
    assert {label for _, label in exported.pairs(FOUR.task_id, "test")} == set(TESTED_OF_FOUR)


def test_tasks_with_several_labels_run_by_the_code_for_them(
    consume_sets: Callable[..., Any], exported_sets: Exported
) -> None:
    readme = (exported_sets.folder / "mteb" / "README.md").read_text(encoding="utf-8")
    one, several = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert one.replace("AbsTask", "AbsTaskMultilabel") == several
    found = consume_sets("torch", _SCRIPT, several, "[]", *(task.task_id for task in SEVERAL))
    for task in SEVERAL:
        own, folder = found["tasks"][task.task_id], exported_sets.folder / "mteb" / task.task_id
        names = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["label_names"]
        for split in ("train", "test"):
            read = [[text, [names[label] for label in labels]] for text, labels in own["rows"][split]]
            assert read == exported_sets.sets(task.task_id, split)
        assert own["predictions scored"] == 10
        assert 0 <= own["main score"] <= 1
        assert not own["not embedded"]
