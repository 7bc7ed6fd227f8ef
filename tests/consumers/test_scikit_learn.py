"""scikit-learn: the code of the README next to the files, under a one-vs-rest model; the CSV file by pandas."""

import json
import re
from collections.abc import Callable
from typing import Any

from tests.consumers.conftest import Exported, restored
from tests.consumers.hard_label_sets import SEVERAL, SOME

_SCRIPT = """
import json, os, sys
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

os.chdir(f"{sys.argv[1]}/text_label")
found = {}
for task_id in sys.argv[3:]:
    scope = {}
    exec(sys.argv[2].replace("<task_id>", task_id), scope)
    texts, targets, names = scope["texts"], scope["targets"], scope["names"]
    model = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression(C=10.0)))
    predicted = model.fit(texts, targets).predict(texts)
    cells = pd.read_csv(f"{task_id}.csv", dtype="str", keep_default_na=False)
    found[task_id] = {
        "rows": [[text, [name for name, on in zip(names, hot) if on]] for text, hot in zip(texts, targets)],
        "lists": [list(labels) for labels in scope["rows"]["labels"]],
        "micro-F1": f1_score(targets, predicted, average="micro"),
        "cells": cells[["text", "labels"]].to_numpy().tolist(),
        "hot cells": cells[list(scope["columns"])].astype(int).to_numpy().tolist() == targets.tolist(),
    }
print(json.dumps(found))
"""


def test_multi_hot_columns_are_targets_and_lists_say_the_same(
    consume_sets: Callable[..., Any], exported_sets: Exported
) -> None:
    readme = (exported_sets.folder / "text_label" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    found = consume_sets("scikit_learn", _SCRIPT, code, *(task.task_id for task in SEVERAL))
    for task in SEVERAL:
        own, wanted = found[task.task_id], exported_sets.sets(task.task_id)
        assert own["rows"] == wanted
        assert own["lists"] == [labels for _, labels in wanted]
        assert [[text, json.loads(labels)] for text, labels in restored(own["cells"])] == wanted
        assert own["hot cells"]
    assert found[SOME.task_id]["micro-F1"] > 0.9
