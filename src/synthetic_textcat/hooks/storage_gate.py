"""Storage gate: check before any paid call that all outputs of a run can be written and all inputs can be reached."""

from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.datasets.fsspec_place import FIX
from synthetic_textcat.datasets.kedro_compat import is_versioned
from synthetic_textcat.datasets.replacing import prove_writable
from synthetic_textcat.datasets.stored import StoredDataset, root_of, unwrapped
from synthetic_textcat.errors import StorageError
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.run_notes import RunNotes

_SECOND_NAMES = {
    names.PREVIOUS_ROUNDS: names.ROUNDS,
    names.PREVIOUS_SHORTFALL: names.SHORTFALL,
    names.PREVIOUS_DIVERSITY: names.DIVERSITY,
    names.FILLED_LABEL_SAMPLE: names.LABEL_SAMPLE,
    names.PREVIOUS_LABEL_SAMPLE_DESIGN: names.LABEL_SAMPLE_DESIGN,
    names.PREVIOUS_HAND_LABELS: names.HAND_LABELS,
}
"""Pairs of names for one dataset that a pipeline reads and writes: Kedro allows no node to do both under one name.

Journals have two names as well; `JournalWriter` compares those.
"""

_PATIENCE_S = 60.0


class StorageGate:
    """Checks before the first node that all outputs of a run can be written, and all inputs can be reached.

    Local places are only inspected. In any other, a small object is written and removed again, once for each folder.

    Args:
        notes: Passes of the command, of which the first is checked, and whether an earlier run is rebuilt.
        patience_s: How long one entry's place may take to answer.
    """

    def __init__(self, notes: RunNotes, patience_s: float = _PATIENCE_S) -> None:
        self._notes = notes
        self._patience_s = patience_s

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Checks all entries of the catalog that the pipeline uses.

        Raises:
            StorageError: With one line for the first entry that fails.
        """
        if self._notes.passes.follows:
            return
        if self._notes.rebuilt_from is None:
            _check_second_names(pipeline, catalog)
        proven: set[tuple[object, ...]] = set()
        for name in sorted(pipeline.all_outputs()):
            self._prove(name, catalog, lambda dataset: _prove_output(dataset, proven))
        for name in sorted(pipeline.inputs()):
            self._prove(name, catalog, _prove_input)

    def _prove(self, name: str, catalog: CatalogProtocol[Any, Any], proof: Callable[[Any], None]) -> None:
        dataset = unwrapped(catalog.get(name))
        place = root_of(dataset)
        if place is None or isinstance(dataset, JournalDataset):  # its own writer checks it
            return
        try:
            if place.is_local:
                proof(dataset)
            else:
                _in_time(place.shown, partial(proof, dataset), self._patience_s)
        except StorageError as error:
            raise StorageError(f"Dataset '{name}': {error}") from error


def _in_time(shown: str, proof: Callable[[], None], patience_s: float) -> None:
    """Runs a check in a thread of its own: clients of file systems wait, and try again, for many minutes."""
    done: SimpleQueue[Exception | None] = SimpleQueue()

    def run() -> None:
        try:
            proof()
        except Exception as error:  # noqa: BLE001  raised again in the thread of the run
            done.put(error)
        else:
            done.put(None)

    Thread(target=run, name="storage-gate", daemon=True).start()
    try:
        error = done.get(timeout=patience_s)
    except Empty:
        raise StorageError(
            f"{shown} does not answer within {patience_s:g} s. Next: {FIX}, or try again later"
        ) from None
    if error is not None:
        raise error


def _prove_output(dataset: Any, proven: set[tuple[object, ...]]) -> None:
    place, removes = root_of(dataset), False
    assert place is not None
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
    versioned = is_versioned(unwrapped(dataset))
    return (place.shown, *(["(versioned)"] if versioned else [])) if place else ()
