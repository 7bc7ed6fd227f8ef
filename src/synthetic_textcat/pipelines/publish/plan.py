"""What is to be pushed where, and what whoever publishes should know before."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synthetic_textcat.errors import PublishError
from synthetic_textcat.pipelines.publish.folder_checks import Checked, Folder
from synthetic_textcat.schemas.dataset_folder import CARD
from synthetic_textcat.schemas.offline_banner import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import PublishParameters
from synthetic_textcat.schemas.publications import PublicationPlan


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
