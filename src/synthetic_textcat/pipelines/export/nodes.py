"""Nodes of `export`: overlaps with the evaluation set, splits, and one node for each format."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.export.dataset_folder import huggingface_files
from synthetic_textcat.pipelines.export.formats import (
    TRIPLET_COLUMNS,
    triplet_rows,
    triplets,
    triplets_instructions,
)
from synthetic_textcat.pipelines.export.label_set_views import rows_of_no_label
from synthetic_textcat.pipelines.export.mteb_tasks import mteb_files
from synthetic_textcat.pipelines.export.splits import (
    LEFT_OUT,
    Codes,
    drop_cross_split_duplicates,
    planned_splits,
    split_codes,
)
from synthetic_textcat.pipelines.export.task_formats import TaskFormat, files_of_tasks, text_label_files
from synthetic_textcat.schemas.evaluation_set import EXACT, NEAR, evaluation_texts, overlaps_of
from synthetic_textcat.schemas.label_sets import has_multi_label
from synthetic_textcat.schemas.label_verdicts import agreements
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, ExportParameters
from synthetic_textcat.schemas.publications import SPLITS
from synthetic_textcat.schemas.rows import LABEL_AGREEMENT, SPLIT_COLUMNS
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.tables import MadeTable, RowGroups, RowTable, SharedFiles, Spool, filtered, mapped
from synthetic_textcat.tables.plan_walk import plan_places
from synthetic_textcat.text.sketched_texts import sketched_by
from synthetic_textcat.work_pool import WorkPool

_log = logging.getLogger(__name__)

_ROWS_OF_A_FILE = 100  # that take as long as to open, write and close a file
_UNITS = 200  # in which the files of a folder are given to other processes; with thousands of tasks a unit is many

_LEFT_OUT = "left_out"
_OF_NO_LABEL = "export/rows_of_no_label"
_OVERLAPS = (None, EXACT, NEAR)


Files = dict[str, Any]
"""Content of each file by name, or a function that makes it when it is written."""


class SplitRows(NamedTuple):
    """Split of each example, and number of rows of each split."""

    splits: RowTable
    report: dict[str, float]


class ExportedRows(NamedTuple):
    """Exported examples, and examples left out since they overlap with the evaluation set."""

    examples: RowTable
    overlaps: RowTable


class Triplets(NamedTuple):
    """Triplets, and the instruction for the anchor of each."""

    triplets: RowTable
    instructions: RowTable


def set_overlaps_aside(
    examples: RowTable,
    evaluation_set: pd.DataFrame | None,
    label_verdicts: RowTable | None,
    export: ExportParameters,
    pool: WorkPool,
) -> ExportedRows:
    """Examples without (near) duplicates of texts in the user's evaluation set; all examples without a set.

    By choice they get the column `LABEL_AGREEMENT`.
    """
    found = overlaps_of(_texts(examples), len(examples), evaluation_texts(evaluation_set), export.split_similarity)
    codes = np.fromiter(map(_OVERLAPS.index, found), np.int8, len(examples))
    exported = filtered(examples, codes == 0) if codes.any() else examples
    if export.label_agreement:
        agreement = agreements(label_verdicts)
        exported = mapped(exported, lambda rows: rows.assign(**{LABEL_AGREEMENT: agreement(rows["request_id"])}))
    names = pd.array(_OVERLAPS, dtype="str")

    def overlaps() -> Iterator[pd.DataFrame]:
        start = 0
        for rows in examples.frames(["request_id"]):
            own = codes[start : start + len(rows)]
            start += len(rows)
            yield rows.assign(overlap=names[own])[own > 0]

    columns = {"request_id": "str", "overlap": "str"}
    return ExportedRows(
        exported if exported is examples else _in_file(exported, pool),
        MadeTable(overlaps, columns, int((codes > 0).sum())),
    )


def _in_file(table: RowTable, pool: WorkPool) -> RowTable:
    """The rows in a temporary file, which other processes can read, and which is read several times."""
    spool = Spool({str(name): dtype for name, dtype in table.empty().dtypes.items()}, pool.folder)
    for rows in table.frames():
        spool.add(rows)
    return spool


def _texts(examples: RowTable) -> Iterator[list[str]]:
    return (rows["input_text"].tolist() for rows in examples.frames(["input_text"]))


def group_by_task(examples: RowTable, pool: WorkPool) -> RowGroups:
    """The exported examples by task, in temporary files, for the formats that have files of each task."""
    return RowGroups(examples, "task_id", pool.folder)


def split_rows(
    examples: RowTable,
    overlaps: RowTable,
    requests: RowTable,
    tasks: pd.DataFrame,
    sampling: AttributeSamplingParameters,
    export: ExportParameters,
    seed: int,
    pool: WorkPool,
) -> SplitRows:
    """Train, validation or test split of each example; none for near duplicates of another split's rows.

    Raises:
        StaleTableError: If an example is not in the plan.
    """
    known = tasks_of(tasks)
    by_plan = planned_splits(requests, known, sampling.num_seed_examples, export.splits, seed)
    planned = by_plan[plan_places(requests, examples, "examples")]
    sketch_parts = sketched_by(pool.map, len(examples))
    final = drop_cross_split_duplicates(_texts(examples), planned, export.split_similarity, sketch_parts)
    counts = {**{name: final == code for code, name in enumerate(SPLITS)}, _LEFT_OUT: final == LEFT_OUT}
    report: dict[str, float] = {f"export/rows_{name}": int(rows.sum()) for name, rows in counts.items()}
    kinds = overlaps["overlap"]
    report |= {f"export/overlaps_{kind}": int((kinds == kind).sum()) for kind in (EXACT, NEAR)}
    if known.with_several_labels:
        report[_OF_NO_LABEL] = rows_of_no_label(examples)
    return SplitRows(_split_table(examples, final, planned), report)


def _split_table(examples: RowTable, final: Codes, planned: Codes) -> RowTable:
    names = np.array([*SPLITS, None], dtype=object)  # LEFT_OUT is the last one

    def make() -> Iterator[pd.DataFrame]:
        start = 0
        for rows in examples.frames(["request_id"]):
            end = start + len(rows)
            columns = (rows["request_id"], names[final[start:end]], names[planned[start:end]])
            yield pd.DataFrame(dict(zip(SPLIT_COLUMNS, columns, strict=True)))
            start = end

    return MadeTable(make, SPLIT_COLUMNS, len(examples))


def export_triplets(examples: RowTable, tasks: pd.DataFrame, export: ExportParameters) -> Triplets:
    """Triplets of all examples for sentence-transformers: one for each label of a text."""
    several = has_multi_label(tasks)
    rows = triplet_rows(examples, export.distinct_label_batches, several=several)
    if several and (without := rows_of_no_label(examples)):
        _log.info("Rows that none of the labels fits have no triplet: %d", without)
    return Triplets(
        mapped(rows, lambda own: triplets(own, export.instruction), TRIPLET_COLUMNS),
        mapped(rows, triplets_instructions, ["request_id", "task_id", "task"]),
    )


def export_mteb(examples: RowGroups, splits: RowTable, tasks: pd.DataFrame, pool: WorkPool) -> Files:
    """Folder of classification tasks for MTEB."""
    files = mteb_files(examples, split_codes(splits)[examples.order], tasks_of(tasks))
    return _shared(files, len(examples.rows), pool)


def export_by_task(function: TaskFormat) -> Callable[[RowGroups, pd.DataFrame, WorkPool], Files]:
    """Node function of a format with files for each task."""

    def export_folder(examples: RowGroups, tasks: pd.DataFrame, pool: WorkPool) -> Files:
        return _shared(files_of_tasks(examples, tasks_of(tasks), function), len(examples.rows), pool)

    return export_folder


def export_text_label(examples: RowGroups, tasks: pd.DataFrame, export: ExportParameters, pool: WorkPool) -> Files:
    """Folder of texts and labels, with files for each task."""
    files = text_label_files(examples, tasks_of(tasks), export.csv_formulas, bom=export.csv_bom)
    return _shared(files, len(examples.rows), pool)


def export_huggingface(
    examples: RowTable,
    by_task: RowGroups,
    splits: RowTable,
    tasks: pd.DataFrame,
    card: str,
    export: ExportParameters,
    pool: WorkPool,
) -> Files:
    """Hugging Face dataset folder."""
    files = huggingface_files(examples, by_task, split_codes(splits), tasks_of(tasks), card, export, pool.folder)
    return _shared(files, len(examples), pool)


def _shared(files: Files, rows: int, pool: WorkPool) -> Files:
    """Files that the processes of a pool write, if they see those with the rows."""
    if pool.folder is None:
        return files
    worth = rows + _ROWS_OF_A_FILE * len(files)
    return SharedFiles(files, partial(pool.map, rows=worth, at_once=-(-len(files) // _UNITS)))
