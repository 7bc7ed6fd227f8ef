"""Row tables of the catalog: a folder of Parquet parts is read, shown and accepted as an input, and never replaced."""

from pathlib import Path

import pandas as pd
import pytest

from synthetic_textcat.datasets import RowTableDataset
from synthetic_textcat.errors import StorageError

_FRAME = pd.DataFrame({"request_id": ["a", "b", "c"], "num_words": [1, 2, 3]})


def test_a_folder_of_parts_is_an_input_with_a_preview_and_no_output(tmp_path: Path) -> None:
    dataset = RowTableDataset(filepath=str(tmp_path / "requests.parquet"))
    assert dataset.preview()["data"] == []
    (tmp_path / "requests.parquet").mkdir()
    with pytest.raises(StorageError, match="is a folder"):
        dataset.prove_kind()
    for part, rows in enumerate((_FRAME[:2], _FRAME[2:])):
        rows.to_parquet(tmp_path / "requests.parquet" / f"part-{part:05}.parquet", index=False)
    dataset.prove_kind()
    pd.testing.assert_frame_equal(dataset.load().to_pandas(), _FRAME)
    assert dataset.preview(1)["data"] == [["a", 1]]
    with pytest.raises(StorageError, match=r"is a folder, .* Next: "):
        dataset.prove_savable()
