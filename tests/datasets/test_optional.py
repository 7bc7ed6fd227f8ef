"""Files that need not be there."""

from pathlib import Path

from synthetic_textcat.datasets import OptionalDataset


def test_is_none_while_its_file_is_absent_and_else_what_the_file_holds(tmp_path: Path) -> None:
    entry = {"type": "json.JSONDataset", "filepath": str(tmp_path / "previous.json")}
    dataset = OptionalDataset(dataset=entry, metadata={"kedro-viz": {"layer": "raw"}})
    assert dataset.load() is None
    assert not dataset.exists()
    dataset.save({"rows": 3})
    assert dataset.load() == {"rows": 3}
    assert dataset.exists()
