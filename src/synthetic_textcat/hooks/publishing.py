"""Publication notices: the planned push before it happens, and its result afterwards."""

import textwrap
from collections.abc import Iterator
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol

from synthetic_textcat.console import say
from synthetic_textcat.datasets.hub_repository import hub_endpoint
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.schemas.publications import Publication, PublicationPlan

_WIDTH = 80
_INDENT = " " * 10
_MOST_FILES = 40  # each task has up to three
_UNITS = ("B", "kB", "MB", "GB")
_KILO = 1000


class Publishing:
    """Prints the plan and the result of a push to a hub."""

    def __init__(self) -> None:
        self._catalog: CatalogProtocol[Any, Any] | None = None

    @hook_impl
    def before_pipeline_run(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Keeps the catalog, from which the result of a push is read."""
        self._catalog = catalog

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Prints the lines of the plan before the node that pushes, and of the push after it."""
        if dataset_name == names.PUBLICATION_PLAN:
            say(plan_lines(data, hub_endpoint()))
        elif dataset_name == names.PUBLICATION and self._catalog is not None:
            say(publication_lines(self._catalog.load(dataset_name)))


def plan_lines(plan: PublicationPlan, endpoint: str) -> Iterator[str]:
    """Lines of the plan of a push, within 80 columns except for long names."""
    owner = "" if "/" in plan["repository"] else ", of the owner of the token"
    yield ""
    yield f"publish   {plan['repository']}{owner}"
    yield f"at        {endpoint}, {'private' if plan['private'] else 'public'} if it is new"
    yield f"commit    {plan['message']}"
    listed = plan["files"][:_MOST_FILES]
    widest = max(len(file["name"]) for file in listed)
    for number, file in enumerate(listed):
        rows = "" if file["rows"] is None else f"{file['rows']:>10,} rows"
        yield f"{'files' if not number else '':<10}{file['name']:<{widest}}  {_size(file['bytes']):>9}{rows}"
    if more := len(plan["files"]) - len(listed):
        yield f"{_INDENT}and {more:,} more: all are in the dataset 'publication_plan'"
    total = sum(file["bytes"] for file in plan["files"])
    yield f"in all    {len(plan['files'])} files, {_size(total)}, {plan['rows']:,} examples"
    notes = [*plan["notes"], *(f"{name} is not of the export: it stays here." for name in plan["left_behind"])]
    for note in notes:
        yield from textwrap.wrap(note, _WIDTH, initial_indent="note      ", subsequent_indent=_INDENT)
    if plan["dry_run"]:
        yield "dry run   nothing was sent: publish.dry_run=true"


def publication_lines(pushed: Publication) -> Iterator[str]:
    """Lines of a finished push."""
    for name in pushed["removed"]:
        yield f"removed   {name}, of an earlier export"
    change = "the same files were there" if pushed["change"] == "none" else pushed["change"]
    yield f"published {pushed['url']} ({pushed['visibility']}; {change})"
    yield f"revision  {pushed['revision']}"


def _size(size: float) -> str:
    power = 0
    while size >= _KILO and power < len(_UNITS) - 1:
        size, power = size / _KILO, power + 1
    return f"{size:.{min(power, 1)}f} {_UNITS[power]}"
