"""Journal writer: opens and locks a run's journals before its first node, and closes them at its end."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline

from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.errors import JournalError
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.llm.engine.engine import give_up

_JOURNALS = {
    names.BRAINSTORM_COMPLETIONS: names.BRAINSTORM_JOURNAL,
    names.COMPLETIONS: names.JOURNAL,
    names.VERDICT_COMPLETIONS: names.VERDICT_JOURNAL,
}
"""The entry by which each journal is written, and the one by which the same file is read."""

_PLAN = {names.TASKS, names.REQUESTS, names.CALLS, names.VERDICT_CALLS}


class JournalWriter:
    """Opens and locks the journals for a run that writes them, or the plan; puts the run's id into the catalog.

    It does so before the first node, not before the node that writes: otherwise a second run could replace the plan
        that the first one uses, or read the journal just before the first one's last answers.

    Args:
        notes: Passes of the command, which have one id and one lock: what a run may spend covers all of them.
    """

    def __init__(self, notes: RunNotes) -> None:
        self._notes = notes
        self._locked: list[JournalDataset] = []

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Opens and locks each journal. `run_id` is the id in this run's journal lines.

        Raises:
            JournalError: If another run writes one of them, or answers could not be kept in it.
        """
        if not self._notes.passes.follows:
            self._release()  # of a run that an interrupt ended, in a notebook
        catalog[names.RUN_ID] = MemoryDataset(self._notes.id_of(run_params))
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
        """Releases the journals, unless another pass follows."""
        if not self._notes.passes.goes_on:
            self._release()

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self) -> None:
        """Ends calls whose answers could no longer be saved; releases the journals, where the process continues."""
        give_up()
        self._release()

    def _release(self) -> None:
        while self._locked:
            self._locked.pop().release()


def _refuse_a_loss(name: str, written: object, catalog: CatalogProtocol[Any, Any]) -> None:
    """Checks that a journal keeps paid answers, and is read where it is written.

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
