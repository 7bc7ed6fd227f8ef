"""Runs the pipeline `export` in a copy of the project. Prints one line of JSON."""

import json
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.clients.usage import usage


def export(folder: Path) -> dict[str, float]:
    """As `kedro run --pipelines export` does, without MLflow."""
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    os.chdir(folder)
    bootstrap_project(folder)
    begun = perf_counter()
    session: Any = KedroSession.create(project_path=folder)
    with session:
        session.run(pipeline_names=["export"])
    seconds = perf_counter() - begun
    written = sum(path.stat().st_size for path in (folder / "data/05_model_input/export").rglob("*") if path.is_file())
    return {"seconds": seconds, "written_mb": written / 1e6, **usage()}


if __name__ == "__main__":
    print(json.dumps(export(Path(sys.argv[1]))))
