"""The files of a Hugging Face dataset folder: one config per view, each in splits."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.export.formats import batch_order, text_label, triplets
from synthetic_textcat.schemas.dataset_folder import CARD, Part, parts
from synthetic_textcat.schemas.parameters import ExportParameters


def huggingface_files(
    examples: pd.DataFrame, splits: pd.Series, card: str, settings: ExportParameters
) -> dict[str, Callable[[], Any]]:
    """The files by name; each frame is made when it is written.

    Args:
        examples: All of them.
        splits: The split of each, missing where it is in none.
        card: README.md.
        settings: Of the export.
    """
    rows = {str(split): int(count) for split, count in splits.value_counts().items()}
    files: dict[str, Callable[[], Any]] = {CARD: lambda: card}
    for part in parts(rows):
        files[part.path] = partial(_view, part, examples, splits, settings)
    return files


def _view(part: Part, examples: pd.DataFrame, splits: pd.Series, settings: ExportParameters) -> pd.DataFrame:
    rows = examples[(splits == part.split).to_numpy()].reset_index(drop=True)
    if part.config == "triplet":
        order = batch_order(rows, settings.distinct_label_batches)
        return triplets(rows.iloc[order].reset_index(drop=True), settings.instruction)
    if part.config == "text-label":
        return text_label(rows).assign(task=rows["task"], task_id=rows["task_id"])
    return rows
