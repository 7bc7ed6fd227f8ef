"""The catalog entry of a plot: a plotly figure as JSON."""

import json
from typing import TYPE_CHECKING, Any

from kedro_datasets._typing import PlotlyPreview

from synthetic_textcat.datasets.previews import ABSENT
from synthetic_textcat.datasets.replacing import replacing
from synthetic_textcat.datasets.stored import FormattedDataset

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_ABSENT: dict[str, Any] = {"data": [], "layout": {"title": {"text": ABSENT}}}


class FigureDataset(FormattedDataset["Figure", "Figure"]):
    """Saves and loads a figure, and loads plotly only then: the stock dataset does so when a run starts.

    Args:
        filepath: The JSON file.
        load_args: For `plotly.io.from_json`.
        save_args: For `Figure.to_json`.
        version, credentials, fs_args, metadata: As of `StoredDataset`.
    """

    def load(self) -> "Figure":
        """The figure."""
        import plotly.io

        return plotly.io.from_json(self.place.content().decode(), **self._load_args)

    def save(self, data: "Figure") -> None:
        """Writes the figure apart, then puts it in its place."""
        with replacing(self.place_to_save) as fresh:
            fresh.write_text(data.to_json(**self._save_args), encoding="utf-8")

    def preview(self) -> PlotlyPreview:
        """The figure, for Kedro-Viz."""
        with self.peek() as path:
            return PlotlyPreview(json.loads(path.read_text(encoding="utf-8")) if path else _ABSENT)
