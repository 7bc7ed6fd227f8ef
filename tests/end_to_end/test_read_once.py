"""A reply is read once in a run, by whoever needs it first: nodes, engine and hooks share the result."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import TRACKED, Project, environment

_DEFECTS = {"fenced_json": 0.3, "trailing_comma": 0.1, "invalid_json": 0.1, "schema_violation": 0.1, "refused": 0.1}

_COUNTED = """
import json, sys, threading
from collections import Counter

import mlflow, pandas, plotly.graph_objects, py3langid, scipy.stats, sklearn.linear_model  # unwatched, for speed
import synthetic_textcat.pipeline_registry, synthetic_textcat.settings
from kedro.framework.cli import main

readings = Counter()

def count(frame, event, found):
    if event == "return" and found is not None and frame.f_code.co_filename.endswith("llm/replies/answer_choice.py"):
        if frame.f_code.co_name in ("value_of", "choose_answer"):
            readings[frame.f_locals["text"]] += 1

threading.setprofile(count)
sys.setprofile(count)
try:
    sys.argv = ["kedro", "run", "--pipelines", "generate", "--params", "attribute_sampling.num_examples=40"]
    main()
finally:
    sys.setprofile(None)
    print("READINGS", json.dumps(list(readings.items())))
"""


def _readings(project: Project) -> dict[str, int]:
    """How often each text was read by one command that runs the whole pipeline, all hooks on."""
    child = subprocess.run(
        [sys.executable, "-c", _COUNTED],
        cwd=project.folder,
        env=environment(**TRACKED),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = [line for line in child.stdout.splitlines() if line.startswith("READINGS ")]
    assert found
    return dict(json.loads(found[0].removeprefix("READINGS ")))


@pytest.mark.slow
def test_each_reply_is_read_once_a_run(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.parameters(llm={"defects": _DEFECTS})
    readings = _readings(project)
    rows = {line["raw_text"] for line in project.journal() if line["status"] == "replied" and not line["refusal"]}
    assert len(rows) > 20
    assert rows <= readings.keys()
    assert set(readings.values()) == {1}
