"""Nodes of `publish`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.publish.plan import Folder, checked, plan_of, repository_of
from synthetic_textcat.schemas.parameters import PublishParameters
from synthetic_textcat.schemas.publications import FileToPublish, PublicationOrder, PublicationPlan


def plan_publication(
    huggingface: Folder,
    examples: pd.DataFrame,
    split_report: dict[str, float],
    ledger: Mapping[str, Any],
    concerns: Sequence[Mapping[str, str]],
    publish: PublishParameters,
) -> PublicationPlan:
    """What is to be pushed where, as it is told before anything is sent.

    Raises:
        PublishError: If no repository is named, the folder is incomplete or empty, or has rows that templates wrote.
        StaleTableError: If the folder is of other examples than those that are there.
    """
    repository = repository_of(publish)
    found = checked(huggingface, split_report, examples)
    return plan_of(repository, huggingface, found, ledger, concerns, publish)


def publish(publication_plan: PublicationPlan, huggingface: Mapping[str, FileToPublish]) -> Iterator[PublicationOrder]:
    """The plan as an order, which the catalog carries out; a dry run orders nothing, and so nothing is saved."""
    if not publication_plan["dry_run"]:
        yield PublicationOrder(publication_plan, huggingface)
