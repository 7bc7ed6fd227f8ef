"""An exported dataset folder, and the tables that publishing holds it against."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.export.nodes import export_huggingface
from synthetic_textcat.pipelines.publish.nodes import plan_publication
from synthetic_textcat.pipelines.publish.plan import DatasetFile
from synthetic_textcat.schemas.parameters import ExportParameters, PublishParameters
from synthetic_textcat.schemas.publications import CARD, TAG, PublicationPlan
from synthetic_textcat.tables import FrameTable, RowTable
from synthetic_textcat.work_pool import THIS_MACHINE
from tests.pipelines.export.builders import TASK, TASKS, by_task, read
from tests.pipelines.quality_report.builders import example_frame

REPOSITORY = "somebody/reviews"
CARD_TEXT = f"---\ntags:\n- {TAG}\n---\n# Card\n"
LEDGER: dict[str, Any] = {"planned": 20, "accepted": 20, "rejected": {}, "failed": {}, "not_run": 0}

_SPLITS = {7: "validation", 8: "test", 9: None}
"""By the last digit of a row's number; the others are for training."""


@dataclass
class MadeFile:
    """A file of a made folder."""

    load: Callable[[], Any]
    bytes: int = 1000

    def __call__(self) -> Any:
        """What it holds."""
        return self.load()

    def table(self) -> RowTable:
        """Its rows."""
        return FrameTable(self.load())


@dataclass
class Export:
    """What an export leaves, as the nodes of `publish` get it."""

    examples: pd.DataFrame
    content: dict[str, Callable[[], Any]]
    split_report: dict[str, float]
    ledger: dict[str, Any] = field(default_factory=lambda: {**LEDGER})
    concerns: list[dict[str, str]] = field(default_factory=list)

    def plan(self, **settings: Any) -> PublicationPlan:
        """The plan to publish it."""
        folder: dict[str, DatasetFile] = {name: MadeFile(load) for name, load in self.content.items()}
        asked = PublishParameters.model_validate({"repository": REPOSITORY, **settings})
        return plan_publication(folder, FrameTable(self.examples), self.split_report, self.ledger, self.concerns, asked)


def export(rows: int = 20, card: str = CARD_TEXT, tasks: pd.DataFrame = TASKS, **changes: Any) -> Export:
    """An export of so many rows: of each ten seven for training, one left out, and two more that overlaps took."""
    if (rows, card) == (20, CARD_TEXT) and tasks is TASKS and not changes:
        usual = _usual()
        return Export(usual.examples.copy(), {**usual.content}, usual.split_report)
    return _made(rows, card, tasks, **changes)


@cache
def _usual() -> Export:
    """The usual export, whose files are written and read once for all tests."""
    return _made(20, CARD_TEXT, TASKS)


def _made(rows: int, card: str, tasks: pd.DataFrame, **changes: Any) -> Export:
    examples = example_frame(
        {"request_id": f"r{number}", "task_id": TASK.task_id, "input_text": f"Text {number}.", **changes}
        for number in range(rows)
    )
    splits = pd.Series([_SPLITS.get(number % 10, "train") for number in range(rows)], dtype="str")
    kept = examples.iloc[: rows - 2].reset_index(drop=True) if rows else examples
    split = splits.head(len(kept))
    counts = split.value_counts()
    report = {f"export/rows_{name}": float(counts.get(name, 0)) for name in ("train", "validation", "test")}
    report |= {"export/rows_left_out": float(split.isna().sum())}
    report |= {"export/overlaps_exact": float(rows > 0), "export/overlaps_near": float(rows > 0)}
    files = export_huggingface(
        FrameTable(kept),
        by_task(kept),
        FrameTable(pd.DataFrame({"split": split})),
        tasks,
        card,
        ExportParameters(),
        THIS_MACHINE,
    )
    assert files[CARD] == card
    content = {name: read(file) for name, file in files.items()}
    return Export(examples, {name: partial(copy.copy, held) for name, held in content.items()}, report)
