"""Publication plan: checks of the dataset folder, the files to push, and warnings for the publisher."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import pandas as pd

from synthetic_textcat.errors import PublishError, StaleTableError
from synthetic_textcat.schemas.outcomes import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import PublishParameters
from synthetic_textcat.schemas.publications import CARD, CONFIGS, SPLITS, PublicationPlan, parts

_FOLDER = "The dataset folder ('huggingface' in the catalog)"
_NOT_IN_IT = ("export/rows_left_out", "export/overlaps_")
_EXPORT_AGAIN = "Next: run `kedro run --pipelines export`, then publish again"


def repository_of(settings: PublishParameters) -> str:
    """The repository that the user names.

    Raises:
        PublishError: If none is named.
    """
    if settings.repository is None:
        raise PublishError(
            "No repository is named to publish to. Next: add --params publish.repository=owner/name, and "
            "publish.dry_run=true to see first what would be pushed"
        )
    return settings.repository


class File(Protocol):
    """A file of the folder, which is read when it is called."""

    def __call__(self) -> Any:
        """What the file holds."""

    @property
    def bytes(self) -> int:
        """Its size."""


Folder = Mapping[str, File]


class Checked(NamedTuple):
    """What the folder holds.

    Attributes:
        files: The files of the export by name, with the rows that each has; None for the card.
        rows: The examples of all splits.
    """

    files: dict[str, int | None]
    rows: pd.DataFrame


def plan_of(
    repository: str,
    folder: Folder,
    found: Checked,
    ledger: Mapping[str, Any],
    concerns: Sequence[Mapping[str, str]],
    settings: PublishParameters,
) -> PublicationPlan:
    """The plan for a folder that is whole.

    Raises:
        PublishError: If templates wrote rows of it, and that is not allowed.
    """
    template_data = BANNER in folder[CARD]() or OFFLINE_MODEL in set(found.rows["model_name"])
    if template_data and not settings.allow_template_data:
        raise PublishError(
            f"The dataset folder has rows that templates wrote ({OFFLINE_MODEL}), for trying the pipeline: nobody "
            "is to train on them. Next: generate with a model, or set publish.allow_template_data=true"
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
        "notes": [*_notes(template_data, ledger, concerns)],
    }


def _notes(template_data: bool, ledger: Mapping[str, Any], concerns: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if template_data:
        yield BANNER
    if ledger["not_run"]:
        yield f"{ledger['not_run']} of {ledger['planned']} planned rows were not run: there are more to come."
    yield from (f"The report's verdict: {concern['says']}." for concern in concerns if concern["level"] == "fail")


def checked(folder: Folder, split_report: Mapping[str, float], examples: pd.DataFrame) -> Checked:
    """The folder's files and rows.

    Raises:
        PublishError: If one is missing, has lost rows, or there are no rows at all.
        StaleTableError: If the rows are not those of `examples`, less what the export has left out of the splits.
    """
    in_split = {split: int(split_report[f"export/rows_{split}"]) for split in SPLITS}
    expected = [*parts(in_split)]
    for name in (CARD, *(part.path for part in expected)):
        if name not in folder:
            raise _half_there(f"{name} is missing")
    default = {part.split: folder[part.path]() for part in expected if part.config == CONFIGS[0]}
    for part in expected:
        found = len(default[part.split] if part.config == CONFIGS[0] else folder[part.path]())
        if found != in_split[part.split]:
            raise _half_there(f"{part.path} has {found} rows, where the export wrote {in_split[part.split]}")
    rows = pd.concat(default.values(), ignore_index=True)
    left_out = sum(count for name, count in split_report.items() if name.startswith(_NOT_IN_IT))
    _check_examples(rows, int(left_out), examples)
    if rows.empty:
        raise PublishError(
            f"{_FOLDER} has no rows, so there is nothing to publish. Next: see in the report, or in the dataset "
            "'ledger', where the planned rows went"
        )
    return Checked({CARD: None, **{part.path: in_split[part.split] for part in expected}}, rows)


def _half_there(what: str) -> PublishError:
    return PublishError(f"{_FOLDER} is half there: {what}. {_EXPORT_AGAIN}")


def _check_examples(rows: pd.DataFrame, left_out: int, examples: pd.DataFrame) -> None:
    """Each row is an example, to the letter, and the export has told of all other examples."""
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
        raise StaleTableError(
            f"{_FOLDER} is of other rows than the dataset 'examples', which is newer. {_EXPORT_AGAIN}"
        )
