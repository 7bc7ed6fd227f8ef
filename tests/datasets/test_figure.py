"""Plots on disk."""

from pathlib import Path

from plotly.graph_objects import Bar, Figure

from synthetic_textcat.datasets import FigureDataset


def test_comes_back_and_is_previewed(tmp_path: Path) -> None:
    figure = Figure(Bar(x=["accepted"], y=[3]), layout={"title": {"text": "Where rows ended"}})
    plot = FigureDataset(filepath=str(tmp_path / "plots" / "yield.json"))
    assert not plot.exists()
    plot.save(figure)
    assert plot.load() == figure
    assert plot.preview()["layout"]["title"]["text"] == "Where rows ended"
