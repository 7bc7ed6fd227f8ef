"""Pre-flight check of storage: no model call is paid for before its results are known to have a place."""

from collections.abc import Callable, Iterator
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from synthetic_textcat.datasets.locations import root_of, unwrapped
from synthetic_textcat.datasets.replacing import prove_writable
from synthetic_textcat.datasets.stored import StoredDataset
from synthetic_textcat.errors import StorageError
from synthetic_textcat.hooks.refill import Refill

_SECOND_NAMES = {
    "brainstorm_journal": "brainstorm_completions",
    "journal": "completions",
    "previous_rounds": "rounds",
    "previous_shortfall": "shortfall",
    "previous_diversity": "diversity",
}
"""Names under which a pipeline reads what it writes under another: Kedro takes no dataset in and out of one node."""


class StorageGate:
    """Proves before the first node that all that a run writes can be written, and all that it reads can be asked for.

    Local places are looked at only. To any other a small object is written, once for each folder, and removed again.

    Args:
        refill: Knows the passes of a command, of which the first is checked.
        is_rebuilt: Whether an earlier run's files stand in place of the project's.
    """

    def __init__(self, refill: Refill, is_rebuilt: Callable[[], bool] = lambda: False) -> None:
        self._refill = refill
        self._is_rebuilt = is_rebuilt

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Checks all entries of the catalog that the pipeline uses.

        Raises:
            StorageError: With one line for the first that does not hold.
        """
        if self._refill.follows:
            return
        if not self._is_rebuilt():
            _check_second_names(pipeline, catalog)
        proven: set[tuple[object, ...]] = set()
        for name, dataset in _used(pipeline.all_outputs(), catalog):
            try:
                _prove_output(dataset, proven)
            except StorageError as error:
                raise StorageError(f"Dataset '{name}': {error}") from error
        for name, dataset in _used(pipeline.inputs(), catalog):
            try:
                _prove_input(dataset)
            except StorageError as error:
                raise StorageError(f"Dataset '{name}': {error}") from error


def _used(names: set[str], catalog: CatalogProtocol[Any, Any]) -> Iterator[tuple[str, Any]]:
    for name in sorted(names):
        dataset = catalog.get(name)
        yield name, unwrapped(dataset)


def _prove_output(dataset: Any, proven: set[tuple[object, ...]]) -> None:
    place, removes = root_of(dataset), False
    if place is None:
        return
    if isinstance(dataset, StoredDataset):
        dataset.prove_savable()
        removes = dataset.is_folder
    folder = (id(place.fs), place.parent, removes)
    if folder not in proven:
        prove_writable(place, removes=removes)
        proven.add(folder)


def _prove_input(dataset: Any) -> None:
    if isinstance(dataset, StoredDataset):
        dataset.prove_kind()
        if not dataset.root.is_local:
            dataset.root.exists()


def _check_second_names(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    written, read = pipeline.all_outputs(), pipeline.inputs()
    for second, first in _SECOND_NAMES.items():
        if first not in written or second not in read:
            continue
        one, other = _entry(catalog.get(first)), _entry(catalog.get(second))
        if one and other and one != other:
            raise StorageError(
                f"Datasets '{first}' and '{second}' are one file under two names, but in the catalog they are "
                f"{' '.join(one)} and {' '.join(other)}. Next: give both entries the same filepath, credentials and "
                "versioned"
            )


def _entry(dataset: Any) -> tuple[str, ...]:
    """The place as the catalog names it; nothing for a dataset without a file."""
    place = root_of(dataset)
    versioned = getattr(unwrapped(dataset), "_version", None) is not None
    return (place.shown, *(["(versioned)"] if versioned else [])) if place else ()
