"""cleanlab: `Datalab` on the columns of a task's Parquet file."""

from collections.abc import Callable
from typing import Any

from tests.consumers.conftest import Exported

_SCRIPT = """
import json, sys
from pathlib import Path
import numpy as np
import pandas as pd
from cleanlab import Datalab

found = {}
for path in sorted((Path(sys.argv[1]) / "text_label").glob("*.parquet")):
    rows = pd.read_parquet(path)
    lab = Datalab({name: rows[name].tolist() for name in ("text", "label")}, label_name="label", verbosity=0)
    guesses = np.random.default_rng(0).dirichlet(np.ones(len(lab.class_names)), len(rows))
    lab.find_issues(pred_probs=guesses, issue_types={"label": {}})
    found[path.stem] = {
        "names": list(map(str, lab.class_names)),
        "rows": list(map(list, zip(rows["text"], map(str, lab.get_issues("label")["given_label"])))),
    }
print(json.dumps(found))
"""


def test_every_label_is_a_class_of_its_own(consume: Callable[..., Any], exported: Exported) -> None:
    found = consume("cleanlab", _SCRIPT)
    for task_id in exported.task_ids():
        assert found[task_id]["rows"] == exported.pairs(task_id)
        assert sorted(found[task_id]["names"]) == sorted({label for _, label in exported.pairs(task_id)})
