"""The catalog entry of a plot: a plotly figure as JSON."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import PlotlyPreview

from synthetic_textcat.datasets.previews import ABSENT
from synthetic_textcat.datasets.whole_file import replacing

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_ABSENT: dict[str, Any] = {"data": [], "layout": {"title": {"text": ABSENT}}}


class FigureDataset(AbstractDataset["Figure", "Figure"]):
    """Saves and loads a figure, and loads plotly only then: the stock dataset does so when a run starts.

    Args:
        filepath: The JSON file.
        metadata: For plugins: the Kedro-Viz layer, what MLflow gets.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> "Figure":
        """The figure."""
        import plotly.io

        return plotly.io.from_json(self._filepath.read_text(encoding="utf-8"))

    def save(self, data: "Figure") -> None:
        """Writes the figure beside the file, then puts it in its place."""
        with replacing(self._filepath) as fresh:
            fresh.write_text(data.to_json(), encoding="utf-8")

    def preview(self) -> PlotlyPreview:
        """The figure, for Kedro-Viz."""
        drawn = json.loads(self._filepath.read_text(encoding="utf-8")) if self._exists() else _ABSENT
        return PlotlyPreview(drawn)

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
