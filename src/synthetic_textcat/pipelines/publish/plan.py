"""Publication plan: checks of the dataset folder, the files to push, and warnings for the publisher."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import pandas as pd

from synthetic_textcat.errors import PublishError, StaleTableError
from synthetic_textcat.schemas.outcomes import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import PublishParameters
from synthetic_textcat.schemas.publications import CARD, CONFIGS, SPLITS, PublicationPlan, parts, path_of
from synthetic_textcat.schemas.writers import small_model_note

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


class File(Protocol):
    """File of the folder, read when called."""

    def __call__(self) -> Any:
        """Content of the file."""

    @property
    def bytes(self) -> int:
        """Size in bytes."""


Folder = Mapping[str, File]


class CheckedFolder(NamedTuple):
    """Content of a complete dataset folder.

    Attributes:
        files: Number of rows of each exported file, by name; None for the card.
        rows: Examples of all splits.
    """

    files: dict[str, int | None]
    rows: pd.DataFrame


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
    template_data = BANNER in folder[CARD]() or OFFLINE_MODEL in set(found.rows["model_name"])
    if template_data and not settings.allow_template_data:
        raise PublishError(
            f"The dataset folder has rows written by templates ({OFFLINE_MODEL}), which are for tests of the pipeline "
            "and not for training. Next: generate with a model, or set publish.allow_template_data=true"
        )
    rows = len(found.rows)
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
        "notes": [*_notes(template_data, found.rows["model_name"], ledger, concerns)],
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


def checked(folder: Folder, split_report: Mapping[str, float], examples: pd.DataFrame) -> CheckedFolder:
    """Files and rows of the folder, checked for completeness.

    Raises:
        PublishError: If a file is missing or lacks rows, or there are no rows.
        StaleTableError: If the rows differ from `examples` minus the rows that the export left out.
    """
    in_split = {split: int(split_report[f"export/rows_{split}"]) for split in SPLITS}
    default = {split: path_of(CONFIGS[0], split) for split, rows in in_split.items() if rows or split == SPLITS[0]}
    _check_there(folder, (CARD, *default.values()))
    tables = {split: folder[path]() for split, path in default.items()}
    for split, table in tables.items():
        _check_rows(default[split], len(table), in_split[split])
    rows = pd.concat(tables.values(), ignore_index=True)
    left_out = sum(count for name, count in split_report.items() if name.startswith(_NOT_IN_IT))
    _check_examples(rows, int(left_out), examples)
    expected = parts(
        {
            (str(task_id), split): count
            for split, table in tables.items()
            for task_id, count in table["task_id"].value_counts(sort=False).items()
        }
    )
    _check_there(folder, (part.path for part in expected))
    for part in expected:
        if part.config != CONFIGS[0]:
            _check_rows(part.path, len(folder[part.path]()), part.rows)
    if rows.empty:
        raise PublishError(
            f"{_FOLDER} has no rows, so there is nothing to publish. Next: see in the report, or in the dataset "
            "'ledger', where the planned rows went"
        )
    return CheckedFolder({CARD: None, **{part.path: part.rows for part in expected}}, rows)


def _check_there(folder: Folder, names: Iterable[str]) -> None:
    for name in names:
        if name not in folder:
            raise _incomplete(f"{name} is missing")


def _check_rows(name: str, found: int, written: int) -> None:
    if found != written:
        raise _incomplete(f"{name} has {found} rows, but the export wrote {written}")


def _incomplete(what: str) -> PublishError:
    return PublishError(f"{_FOLDER} is incomplete: {what}. {_EXPORT_AGAIN}")


def _check_examples(rows: pd.DataFrame, left_out: int, examples: pd.DataFrame) -> None:
    """Check that every row is an unchanged example, and that the export reported all other examples as left out."""
    asked = pd.Index(rows["request_id"])
    places = pd.Index(examples["request_id"]).get_indexer(asked)
    same = (
        asked.is_unique
        and bool((places >= 0).all())
        and len(rows) + left_out == len(examples)
        and list(rows.columns) == list(examples.columns)
        and rows.astype("str").equals(examples.iloc[places].reset_index(drop=True).astype("str"))
    )
    if not same:
        raise StaleTableError(f"{_FOLDER} has other rows than the dataset 'examples', which is newer. {_EXPORT_AGAIN}")
