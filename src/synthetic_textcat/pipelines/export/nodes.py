"""Nodes of `export`: overlaps with the evaluation set, splits, and one node for each format."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.pipelines.export.dataset_folder import huggingface_files
from synthetic_textcat.pipelines.export.formats import batch_order, triplets, triplets_instructions
from synthetic_textcat.pipelines.export.mteb_tasks import mteb_files
from synthetic_textcat.pipelines.export.splits import LEFT_OUT, drop_cross_split_duplicates, planned_splits
from synthetic_textcat.pipelines.export.task_formats import TaskFormat, files_of_tasks, text_label_files
from synthetic_textcat.schemas.evaluation_set import EXACT, NEAR, evaluation_texts, overlaps_of
from synthetic_textcat.schemas.label_verdicts import agreements
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, ExportParameters
from synthetic_textcat.schemas.publications import SPLITS
from synthetic_textcat.schemas.rows import LABEL_AGREEMENT, SPLIT_COLUMNS, plain
from synthetic_textcat.schemas.tasks import tasks_of

Files = dict[str, Callable[[], Any]]
_LEFT_OUT = "left_out"


class SplitRows(NamedTuple):
    """Split of each example, and number of rows of each split."""

    splits: pd.DataFrame
    report: dict[str, float]


class ExportedRows(NamedTuple):
    """Exported examples, and examples left out since they overlap with the evaluation set."""

    examples: pd.DataFrame
    overlaps: pd.DataFrame


class Triplets(NamedTuple):
    """Triplets, and the instruction for the anchor of each."""

    triplets: pd.DataFrame
    instructions: pd.DataFrame


def set_overlaps_aside(
    examples: pd.DataFrame,
    evaluation_set: pd.DataFrame | None,
    label_verdicts: pd.DataFrame | None,
    export: ExportParameters,
) -> ExportedRows:
    """Examples without (near) duplicates of texts in the user's evaluation set; all examples without a set.

    By choice they get the column `LABEL_AGREEMENT`.
    """
    if export.label_agreement:
        examples = examples.assign(**{LABEL_AGREEMENT: agreements(examples["request_id"], label_verdicts)})
    found = pd.Series(
        overlaps_of(examples["input_text"], evaluation_texts(evaluation_set), export.split_similarity),
        index=examples.index,
        dtype="str",
    )
    overlaps = examples[["request_id"]].assign(overlap=found)[found.notna()].reset_index(drop=True)
    if overlaps.empty:
        return ExportedRows(examples, overlaps)
    return ExportedRows(examples[found.isna()].reset_index(drop=True), overlaps)


def split_rows(
    examples: pd.DataFrame,
    overlaps: pd.DataFrame,
    requests: pd.DataFrame,
    tasks: pd.DataFrame,
    sampling: AttributeSamplingParameters,
    export: ExportParameters,
    seed: int,
) -> SplitRows:
    """Train, validation or test split of each example; none for near duplicates of another split's rows.

    Raises:
        StaleTableError: If an example is not in the plan.
    """
    by_plan = planned_splits(requests, tasks_of(tasks), sampling.num_seed_examples, export.splits, seed)
    places = pd.Index(requests["request_id"]).get_indexer(pd.Index(examples["request_id"]))
    if (places < 0).any():
        row = examples["request_id"].iloc[int(np.flatnonzero(places < 0)[0])]
        raise StaleTableError(
            f"Row {row} of the dataset 'examples' is not in the plan, which is newer. "
            "Next: run `kedro run --pipelines generate`"
        )
    planned = by_plan[places]
    final = drop_cross_split_duplicates(plain(examples["input_text"]), planned, export.split_similarity)
    names = np.array([*SPLITS, None], dtype=object)  # LEFT_OUT is the last one
    columns = (examples["request_id"], names[final], names[planned])
    splits = pd.DataFrame(dict(zip(SPLIT_COLUMNS, columns, strict=True))).astype(SPLIT_COLUMNS)
    counts = {**{name: final == code for code, name in enumerate(SPLITS)}, _LEFT_OUT: final == LEFT_OUT}
    report: dict[str, float] = {f"export/rows_{name}": int(rows.sum()) for name, rows in counts.items()}
    report |= {f"export/overlaps_{kind}": int((overlaps["overlap"] == kind).sum()) for kind in (EXACT, NEAR)}
    return SplitRows(splits, report)


def export_triplets(examples: pd.DataFrame, export: ExportParameters) -> Triplets:
    """Triplets of all examples for sentence-transformers."""
    rows = examples.iloc[batch_order(examples, export.distinct_label_batches)].reset_index(drop=True)
    return Triplets(triplets(rows, export.instruction), triplets_instructions(rows))


def export_mteb(examples: pd.DataFrame, splits: pd.DataFrame, tasks: pd.DataFrame) -> Files:
    """Folder of classification tasks for MTEB."""
    return mteb_files(examples, splits["split"], tasks_of(tasks))


def export_by_task(function: TaskFormat) -> Callable[[pd.DataFrame, pd.DataFrame], Files]:
    """Node function of a format with files for each task."""

    def export_folder(examples: pd.DataFrame, tasks: pd.DataFrame) -> Files:
        return files_of_tasks(examples, tasks_of(tasks), function)

    return export_folder


def export_text_label(examples: pd.DataFrame, tasks: pd.DataFrame, export: ExportParameters) -> Files:
    """Folder of texts and labels, with files for each task."""
    return text_label_files(examples, tasks_of(tasks), export.csv_formulas, bom=export.csv_bom)


def export_huggingface(
    examples: pd.DataFrame, splits: pd.DataFrame, tasks: pd.DataFrame, card: str, export: ExportParameters
) -> Files:
    """Hugging Face dataset folder."""
    return huggingface_files(examples, splits["split"], tasks_of(tasks), card, export)
