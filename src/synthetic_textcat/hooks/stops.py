"""Takes word of what stopped the calls from the node that asks to the nodes, hooks and pages that tell of it."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset

from synthetic_textcat.schemas.stops import LastBatch, Stops

_STOPS = "stops"


class StopNotes:
    """Fills the dataset `stops`, which is empty until a node's last batch says why it asks no further."""

    def __init__(self) -> None:
        self._catalog: CatalogProtocol[Any, Any] | None = None
        self._stops = Stops()

    def current(self) -> Stops:
        """What is known of this run."""
        return self._stops

    @hook_impl
    def before_pipeline_run(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Forgets the run before."""
        self._catalog, self._stops = catalog, Stops()
        catalog[_STOPS] = MemoryDataset({})

    @hook_impl(tryfirst=True)
    def after_dataset_saved(self, data: Any) -> None:
        """Keeps what a last batch says."""
        if isinstance(data, LastBatch) and self._catalog is not None:
            self._stops = data.stops
            self._catalog.save(_STOPS, self._stops.model_dump(mode="json"))
