"""Datasets as MLflow's lineage shows them, told apart by the sha256 of their files."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthetic_textcat.datasets.place import Place
from synthetic_textcat.hooks.tracking.catalog_metadata import Marked

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput
    from pandas import DataFrame

_SCHEMA_ROWS = 1000
"""Rows from which the schema is told: over all rows, nested columns cost MLflow 9 s at 200,000 rows."""

_DIGEST_LENGTH = 32
"""MLflow takes 36 characters at most. Its own digest ignores list columns and all rows past 10,000."""


def dataset_input(item: Marked, project: Path) -> "DatasetInput | None":
    """The dataset as an input of the run: schema and size for a frame, source and digest for anything else.

    All of the sha256 goes along as a tag. None where an optional file is absent.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    head, rows = _head(item)
    if head is None:
        return None
    source = _relative(item.place, project) if item.place else item.name
    told = {
        "name": item.name,
        "digest": (item.sha256 or "unknown")[:_DIGEST_LENGTH],
        "source_type": "local",
        "source": json.dumps({"uri": source}),
    }
    if rows is not None:
        told |= _frame(head, rows, source)
    tags = [InputTag("mlflow.data.context", str(item.marks.input))]
    return DatasetInput(Dataset(**told), [*tags, InputTag("sha256", item.sha256)] if item.sha256 else tags)


def _head(item: Marked) -> tuple[Any, int | None]:
    """The first rows and the number of all; of a Parquet file without reading the others: a plan may have a million.

    Anything but a frame comes whole, without a number.
    """
    from pandas import DataFrame

    if item.file is not None and item.file.suffix == ".parquet":
        from pyarrow.parquet import ParquetFile

        with ParquetFile(item.file) as file:
            batch = next(file.iter_batches(_SCHEMA_ROWS), None)
            head = file.schema_arrow.empty_table() if batch is None else batch
            return head.to_pandas(), file.metadata.num_rows
    data = item.dataset.load()
    return (data.head(_SCHEMA_ROWS), len(data)) if isinstance(data, DataFrame) else (data, None)


def _frame(head: "DataFrame", rows: int, source: str) -> dict[str, str]:
    from mlflow.data.pandas_dataset import from_pandas

    told = from_pandas(head, source=source, digest="unused").to_dict()
    profile = json.dumps({"num_rows": rows, "num_elements": rows * len(head.columns)})
    return {"source": told["source"], "source_type": told["source_type"], "schema": told["schema"], "profile": profile}


def _relative(place: Place, project: Path) -> str:
    path = Path(place.path)
    if not place.is_local:
        return place.shown
    return path.relative_to(project).as_posix() if path.is_relative_to(project) else path.as_posix()
