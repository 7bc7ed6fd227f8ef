"""Storage gate: all outputs are proven writable and journals are locked before any model call is paid for."""

from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline

from synthetic_textcat.command_passes import CommandPasses
from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.datasets.fsspec_place import FIX
from synthetic_textcat.datasets.kedro_compat import is_versioned
from synthetic_textcat.datasets.replacing import prove_writable
from synthetic_textcat.datasets.stored import StoredDataset, root_of, unwrapped
from synthetic_textcat.errors import JournalError, StorageError
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.llm.engine import give_up

_SECOND_NAMES = {
    names.PREVIOUS_ROUNDS: names.ROUNDS,
    names.PREVIOUS_SHORTFALL: names.SHORTFALL,
    names.PREVIOUS_DIVERSITY: names.DIVERSITY,
}
"""Names under which a pipeline reads what it writes under another: Kedro takes no dataset in and out of one node.

Journals have two names as well; `JournalWriter` compares those.
"""

_PATIENCE_S = 60.0

_JOURNALS = {names.BRAINSTORM_COMPLETIONS: names.BRAINSTORM_JOURNAL, names.COMPLETIONS: names.JOURNAL}
"""The entry by which each journal is written, and the one by which the same file is read."""

_PLAN = {names.TASKS, names.REQUESTS, names.CALLS}


class StorageGate:
    """Proves before the first node that all that a run writes can be written, and all that it reads can be asked for.

    Local places are looked at only. To any other a small object is written, once for each folder, and removed again.

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
            StorageError: With one line for the first that does not hold.
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
        if place is None or isinstance(dataset, JournalDataset):  # its own writer proves it
            return
        try:
            if place.is_local:
                proof(dataset)
            else:
                _in_time(place.shown, partial(proof, dataset), self._patience_s)
        except StorageError as error:
            raise StorageError(f"Dataset '{name}': {error}") from error


def _in_time(shown: str, proof: Callable[[], None], patience_s: float) -> None:
    """Runs a proof in a thread of its own: clients of file systems wait, and try again, for many minutes."""
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


class JournalWriter:
    """Opens and locks the journals for a run that writes them, or the plan; puts the run's id into the catalog.

    Before the first node, not before the node that writes: else a second run would replace the plan under the
    first one's feet, or read the journal just before the first one's last answers.

    Args:
        passes: Passes of the command, which have one id and one lock: what a run may spend covers all of them.
    """

    def __init__(self, passes: CommandPasses) -> None:
        self._passes = passes
        self._run_id = ""
        self._locked: list[JournalDataset] = []

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Opens and locks each journal. `run_id` is what this run's journal lines bear.

        Raises:
            JournalError: If another run writes one of them, or answers could not be kept in it.
        """
        if not self._passes.follows:
            self._release()  # of a run that an interrupt ended, in a notebook
            self._run_id = run_params["run_id"]
        catalog[names.RUN_ID] = MemoryDataset(self._run_id)
        written = pipeline.all_outputs()
        try:
            for name in sorted(written | _JOURNALS.keys() if written & _PLAN else written):
                dataset = catalog.get(name)
                if name in written:
                    _refuse_a_loss(name, dataset, catalog)
                if isinstance(dataset, JournalDataset):
                    dataset.lock()
                    self._locked.append(dataset)
        except Exception:
            self._release()
            raise

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Lets others write, unless another pass follows."""
        if not self._passes.goes_on:
            self._release()

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self) -> None:
        """Ends calls whose answers could no longer be saved; lets others write, where the process lives on."""
        give_up()
        self._release()

    def _release(self) -> None:
        while self._locked:
            self._locked.pop().release()


def _refuse_a_loss(name: str, written: object, catalog: CatalogProtocol[Any, Any]) -> None:
    """Makes sure that a journal keeps what is paid for, and is read where it is written.

    Raises:
        JournalError: If its entry in the catalog is of another type, or is another file than the one that is read.
    """
    if name not in _JOURNALS:
        return
    if not isinstance(written, JournalDataset):
        raise JournalError(
            f"{name} is a {type(written).__name__} in the catalog, which does not keep each answer as it arrives. "
            "Next: set its type to synthetic_textcat.datasets.JournalDataset"
        )
    reader = _JOURNALS[name]
    read = catalog.get(reader) if reader in catalog else None
    if isinstance(read, JournalDataset) and read.file != written.file:
        raise JournalError(
            f"{name} and {reader} are two files in the catalog, {written.file} and {read.file}, so all answers would "
            "be paid for again. Next: give both entries one filepath"
        )
