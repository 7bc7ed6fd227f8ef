"""Who writes a journal: one run at a time, under a name."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline

from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.errors import JournalError
from synthetic_textcat.hooks.refill import Refill
from synthetic_textcat.llm.engine import give_up

_JOURNALS = {"brainstorm_completions": "brainstorm_journal", "completions": "journal"}
"""The entry by which each journal is written, and the one by which the same file is read."""

_PLAN = {"tasks", "requests", "calls"}


class JournalWriter:
    """Opens and locks the journals for a run that writes them, or the plan; puts the run's id into the catalog.

    Before the first node, not before the node that writes: else a second run would replace the plan under the
    first one's feet, or read the journal just before the first one's last answers.

    Args:
        refill: Knows the passes of a command, which have one id and one lock.
    """

    def __init__(self, refill: Refill) -> None:
        self._refill = refill
        self._locked: list[JournalDataset] = []

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Opens and locks each journal. `run_id` is what this run's journal lines bear.

        Raises:
            JournalError: If another run writes one of them, or answers could not be kept in it.
        """
        if not self._refill.follows:
            self._release()  # of a run that an interrupt ended, in a notebook
        catalog["run_id"] = MemoryDataset(self._refill.run_id)
        written = pipeline.all_outputs()
        try:
            for name in sorted(written | _JOURNALS.keys() if written & _PLAN else written):
                dataset = catalog.get(name)
                if isinstance(dataset, JournalDataset):
                    _refuse_another_file(name, dataset, catalog)
                    dataset.lock()
                    self._locked.append(dataset)
                elif name in written & _JOURNALS.keys():
                    raise JournalError(
                        f"{name} is a {type(dataset).__name__} in the catalog, which does not keep each answer as it "
                        "arrives. Next: set its type to synthetic_textcat.datasets.JournalDataset"
                    )
        except Exception:
            self._release()
            raise

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Lets others write, unless another pass follows."""
        if not self._refill.goes_on():
            self._release()

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self) -> None:
        """Ends calls whose answers could no longer be saved; lets others write, where the process lives on."""
        give_up()
        self._release()

    def _release(self) -> None:
        while self._locked:
            self._locked.pop().release()


def _refuse_another_file(name: str, dataset: JournalDataset, catalog: CatalogProtocol[Any, Any]) -> None:
    """What is read to see which answers there are has to be what is written."""
    reader = _JOURNALS.get(name, "")
    if reader in catalog and isinstance(read := catalog.get(reader), JournalDataset) and read.file != dataset.file:
        raise JournalError(
            f"{name} and {reader} are two files in the catalog, {dataset.file} and {read.file}, so all answers would be "
            "paid for again. Next: give both entries one filepath"
        )
