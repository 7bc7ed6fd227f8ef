"""Publication plan: checks of the dataset folder, the files to push, and warnings for the publisher."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.errors import PublishError, StaleTableError
from synthetic_textcat.schemas.label_sets import LABELS, labels_of
from synthetic_textcat.schemas.outcomes import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import PublishParameters
from synthetic_textcat.schemas.publications import CARD, CONFIGS, SPLITS, PublicationPlan, parts, path_of
from synthetic_textcat.schemas.rows import LABEL_AGREEMENT
from synthetic_textcat.schemas.writers import small_model_note
from synthetic_textcat.tables import RowTable, value_counts

_FOLDER = "The dataset folder ('huggingface' in the catalog)"
_NOT_IN_IT = ("export/rows_left_out", "export/overlaps_")
_EXPORT_AGAIN = "Next: run `kedro run --pipelines export`, then publish again"


def repository_of(settings: PublishParameters) -> str:
    """Repository named by the user.

    Raises:
        PublishError: If none is named.
    """
    if settings.repository is None:
        raise PublishError(
            "No repository is named to publish to. Next: add --params publish.repository=owner/name, and "
            "publish.dry_run=true for a preview of the push"
        )
    return settings.repository


class DatasetFile(Protocol):
    """File of the folder, read when asked."""

    def __call__(self) -> Any:
        """Content of the file, such as the card."""

    def table(self) -> RowTable:
        """Rows of a Parquet file."""

    @property
    def bytes(self) -> int:
        """Size in bytes."""


Folder = Mapping[str, DatasetFile]


class CheckedFolder(NamedTuple):
    """Content of a complete dataset folder.

    Attributes:
        files: Number of rows of each exported file, by name; None for the card.
        rows: Number of examples in all splits.
        writers: Names of the models that wrote them.
    """

    files: dict[str, int | None]
    rows: int
    writers: frozenset[str]


def plan_of(
    repository: str,
    folder: Folder,
    found: CheckedFolder,
    ledger: Mapping[str, Any],
    concerns: Sequence[Mapping[str, str]],
    settings: PublishParameters,
) -> PublicationPlan:
    """Publication plan for a complete folder.

    Raises:
        PublishError: If it holds rows written by templates, and these are not allowed.
    """
    template_data = BANNER in folder[CARD]() or OFFLINE_MODEL in found.writers
    if template_data and not settings.allow_template_data:
        raise PublishError(
            f"The dataset folder has rows written by templates ({OFFLINE_MODEL}), which are for tests of the pipeline "
            "and not for training. Next: generate with a model, or set publish.allow_template_data=true"
        )
    rows = found.rows
    return {
        "repository": repository,
        "private": settings.private,
        "take_over": settings.take_over,
        "dry_run": settings.dry_run,
        "message": settings.commit_message or f"{rows} rows written by synthetic-textcat",
        "template_data": template_data,
        "rows": rows,
        "files": [{"name": name, "bytes": folder[name].bytes, "rows": count} for name, count in found.files.items()],
        "left_behind": sorted(folder.keys() - found.files.keys()),
        "notes": [*_notes(template_data, found.writers, ledger, concerns)],
    }


def _notes(
    template_data: bool, writers: Iterable[str], ledger: Mapping[str, Any], concerns: Sequence[Mapping[str, str]]
) -> Iterator[str]:
    if template_data:
        yield BANNER
    if note := small_model_note(writers):
        yield note
    if ledger["not_run"]:
        yield f"{ledger['not_run']} of {ledger['planned']} planned rows were not run yet."
    yield from (f"The report's verdict: {concern['says']}." for concern in concerns if concern["level"] == "fail")


def checked(folder: Folder, split_report: Mapping[str, float], examples: RowTable) -> CheckedFolder:
    """Files and rows of the folder, checked for completeness; rows are read in record batches.

    Raises:
        PublishError: If a file is missing or lacks rows, or there are no rows.
        StaleTableError: If the rows differ from `examples` minus the rows that the export left out.
    """
    in_split = {split: int(split_report[f"export/rows_{split}"]) for split in SPLITS}
    default = {split: path_of(CONFIGS[0], split) for split, rows in in_split.items() if rows or split == SPLITS[0]}
    _check_there(folder, (CARD, *default.values()))
    tables = {split: folder[path].table() for split, path in default.items()}
    for split, table in tables.items():
        _check_rows(default[split], len(table), in_split[split])
    left_out = sum(count for name, count in split_report.items() if name.startswith(_NOT_IN_IT))
    _check_examples([*tables.values()], int(left_out), examples)
    expected = parts(
        {
            (str(task_id), split): int(count)
            for split, table in tables.items()
            for task_id, count in value_counts(table, "task_id").items()
        },
        {split: _number_of_labels(table) for split, table in tables.items()},
    )
    _check_there(folder, (part.path for part in expected))
    for part in expected:
        if part.config != CONFIGS[0]:
            _check_rows(part.path, len(folder[part.path].table()), part.rows)
    if not any(in_split.values()):
        raise PublishError(
            f"{_FOLDER} has no rows, so there is nothing to publish. Next: see in the report, or in the dataset "
            "'ledger', where the planned rows went"
        )
    writers = frozenset(str(name) for table in tables.values() for name in value_counts(table, "model_name").index)
    files = {CARD: None, **{part.path: part.rows for part in expected}}
    return CheckedFolder(files, sum(in_split.values()), writers)


def _number_of_labels(table: RowTable) -> int:
    """Number of labels of all rows: each has a triplet."""
    if all(bool(rows["label"].notna().all()) for rows in table.frames(["label"])):
        return len(table)
    return sum(len(labels or ()) for rows in table.frames(["label", LABELS]) for labels in labels_of(rows))


def _check_there(folder: Folder, names: Iterable[str]) -> None:
    for name in names:
        if name not in folder:
            raise _incomplete(f"{name} is missing")


def _check_rows(name: str, found: int, written: int) -> None:
    if found != written:
        raise _incomplete(f"{name} has {found} rows, but the export wrote {written}")


def _incomplete(what: str) -> PublishError:
    return PublishError(f"{_FOLDER} is incomplete: {what}. {_EXPORT_AGAIN}")


def _check_examples(tables: Sequence[RowTable], left_out: int, examples: RowTable) -> None:
    """Check that every row is an unchanged example, and that the export reported all other examples as left out."""
    rows = sum(map(len, tables))
    columns = examples.names
    same = rows + left_out == len(examples) and all(
        [name for name in table.names if name != LABEL_AGREEMENT] == columns for table in tables
    )
    if same:
        hashes = _row_hashes(tables, columns)
        known = _row_hashes([examples], columns)
        same = len(np.unique(hashes)) == rows and bool(np.isin(hashes, known).all())
    if not same:
        raise StaleTableError(f"{_FOLDER} has other rows than the dataset 'examples', which is newer. {_EXPORT_AGAIN}")


def _row_hashes(tables: Iterable[RowTable], columns: Sequence[str]) -> NDArray[np.uint64]:
    """A 64-bit hash of each row: of ten million rows two have the same by chance once in 400,000 exports."""
    frames = (rows for table in tables for rows in table.frames(columns))
    parts = [pd.util.hash_pandas_object(rows.astype("str"), index=False).to_numpy() for rows in frames]
    return np.concatenate([np.empty(0, np.uint64), *parts])
