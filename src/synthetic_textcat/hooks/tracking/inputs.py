"""Datasets as MLflow's lineage shows them, told apart by the sha256 of their files."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from synthetic_textcat.hooks.tracking.marks import Marked

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput
    from pandas import DataFrame

_SCHEMA_ROWS = 1000
"""Rows from which the schema is told: over all rows, nested columns cost MLflow 9 s at 200,000 rows."""

_DIGEST_LENGTH = 32
"""MLflow takes 36 characters at most. Its own digest ignores list columns and all rows past 10,000."""


def dataset_input(item: Marked, project: Path) -> "DatasetInput | None":
    """The dataset as an input of the run: schema and size for a frame, source and digest for anything else.

    None for one that need not be there, and is not.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from pandas import DataFrame

    data = item.dataset.load()
    if data is None:
        return None
    source = _relative(item.file, project) if item.file else item.name
    told = {
        "name": item.name,
        "digest": (item.sha256 or "unknown")[:_DIGEST_LENGTH],
        "source_type": "local",
        "source": json.dumps({"uri": source}),
    }
    if isinstance(data, DataFrame):
        told |= _frame(data, source)
    return DatasetInput(Dataset(**told), [InputTag("mlflow.data.context", str(item.marks.input))])


def _frame(data: "DataFrame", source: str) -> dict[str, str]:
    from mlflow.data.pandas_dataset import from_pandas

    head = from_pandas(data.head(_SCHEMA_ROWS), source=source, digest="unused").to_dict()
    profile = json.dumps({"num_rows": len(data), "num_elements": int(data.size)})
    return {"source": head["source"], "source_type": head["source_type"], "schema": head["schema"], "profile": profile}


def _relative(path: Path, project: Path) -> str:
    return path.relative_to(project).as_posix() if path.is_relative_to(project) else path.as_posix()
