"""Exports written as the catalog writes them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from synthetic_textcat.datasets import FileDataset, FolderDataset, RowTableDataset
from synthetic_textcat.pipelines.export.formats import e5, flag_embedding
from synthetic_textcat.pipelines.export.nodes import (
    export_by_task,
    export_huggingface,
    export_mteb,
    export_text_label,
    export_triplets,
)
from synthetic_textcat.pipelines.export.task_formats import argilla
from synthetic_textcat.schemas.parameters import ExportParameters
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable
from synthetic_textcat.work_pool import THIS_MACHINE
from tests.pipelines.export.builders import by_task, tasks_table


def written(folder: Path, rows: pd.DataFrame, splits: "pd.Series[str]", tasks: Sequence[Task]) -> None:
    """Writes all exports of some rows.

    Args:
        folder: For the files and folders.
        rows: As in `examples`.
        splits: Split of each row.
        tasks: Their tasks.
    """
    table, groups, listed, settings = FrameTable(rows), by_task(rows), tasks_table(*tasks), ExportParameters()
    dealt = FrameTable(pd.DataFrame({"split": splits}))
    folders = {
        "text_label": export_text_label(groups, listed, settings, THIS_MACHINE),
        "argilla": export_by_task(argilla)(groups, listed, THIS_MACHINE),
        "mteb": export_mteb(groups, dealt, listed, THIS_MACHINE),
        "huggingface": export_huggingface(table, groups, dealt, listed, "# Card\n", settings, THIS_MACHINE),
    }
    for name, files in folders.items():
        FolderDataset(path=str(folder / name)).save(files)
    for name, made in (("e5", e5), ("flag_embedding", flag_embedding)):
        FileDataset(filepath=str(folder / f"{name}.jsonl")).save(made(table, listed))
    RowTableDataset(filepath=str(folder / "triplets.parquet")).save(export_triplets(table, listed, settings).triplets)
