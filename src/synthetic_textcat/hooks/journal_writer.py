"""Who writes a journal: one run at a time, under a name."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline.node import Node

from synthetic_textcat.datasets import JournalDataset


class JournalWriter:
    """Puts the run's id into the catalog and locks each journal before the node that writes it."""

    def __init__(self) -> None:
        self._locked: list[JournalDataset] = []

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], catalog: CatalogProtocol[Any, Any]) -> None:
        """`run_id`: what this run's journal lines bear."""
        catalog["run_id"] = MemoryDataset(run_params["run_id"])

    @hook_impl
    def before_node_run(self, node: Node, catalog: CatalogProtocol[Any, Any]) -> None:
        """Raises JournalError if another run writes the node's journal."""
        for name in node.outputs:
            dataset = catalog.get(name)
            if isinstance(dataset, JournalDataset):
                dataset.lock()
                self._locked.append(dataset)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Lets others write."""
        self._release()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Lets others write, in a notebook too, where the process lives on."""
        self._release()

    def _release(self) -> None:
        while self._locked:
            self._locked.pop().release()
