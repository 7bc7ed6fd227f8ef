"""A catalog entry of a file that need not be there."""

from typing import Any

from kedro.io import AbstractDataset, Version
from kedro.io.core import VERSIONED_FLAG_KEY


class OptionalDataset(AbstractDataset[Any, Any]):
    """Another dataset, which loads as None while its file is absent.

    Args:
        dataset: The other's own entry: `type`, `filepath`, …
        version: Set by Kedro for `versioned: true`, which may stand in this entry or in the other's.
        metadata: For plugins: the Kedro-Viz layer, what MLflow gets.
    """

    def __init__(
        self, *, dataset: dict[str, Any], version: Version | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        config, versions = (dataset, ()) if version is None else ({**dataset, VERSIONED_FLAG_KEY: True}, version)
        self._dataset: AbstractDataset[Any, Any] = AbstractDataset.from_config("optional", config, *versions)
        self.metadata = metadata
        if hasattr(self._dataset, "preview"):
            self.preview = self._dataset.preview

    def load(self) -> Any:
        """What the file holds, or None."""
        return self._dataset.load() if self._dataset.exists() else None

    def save(self, data: Any) -> None:
        """Saves as the other does."""
        self._dataset.save(data)

    def _exists(self) -> bool:
        return self._dataset.exists()

    def _release(self) -> None:
        self._dataset.release()

    def _describe(self) -> dict[str, Any]:
        return self._dataset._describe()  # noqa: SLF001  Kedro-Viz takes the path from it
