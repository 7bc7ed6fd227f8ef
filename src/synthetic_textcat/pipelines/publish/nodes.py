"""Nodes of `publish`: the plan, and the order that the catalog carries out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synthetic_textcat.pipelines.publish.plan import Folder, checked, plan_of, repository_of
from synthetic_textcat.schemas.parameters import PublishParameters
from synthetic_textcat.schemas.publications import FileToPublish, PublicationOrder, PublicationPlan
from synthetic_textcat.tables import RowTable


def plan_publication(
    huggingface: Folder,
    examples: RowTable,
    split_report: dict[str, float],
    ledger: Mapping[str, Any],
    concerns: Sequence[Mapping[str, str]],
    publish: PublishParameters,
) -> PublicationPlan:
    """Publication plan, shown before anything is sent.

    Raises:
        PublishError: If no repository is named, or the folder is incomplete, empty, or holds rows written by templates.
        StaleTableError: If the folder does not match the current examples.
    """
    repository = repository_of(publish)
    found = checked(huggingface, split_report, examples)
    return plan_of(repository, huggingface, found, ledger, concerns, publish)


def publish(publication_plan: PublicationPlan, huggingface: Mapping[str, FileToPublish]) -> Iterator[PublicationOrder]:
    """Order for the catalog to carry out the plan; a dry run yields none, so nothing is sent."""
    if not publication_plan["dry_run"]:
        yield PublicationOrder(publication_plan, huggingface)
