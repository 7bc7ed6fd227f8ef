"""LibreOffice: the CSV import with UTF-8 and quoted cells as text; line breaks in a cell become line feeds."""

import csv
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.consumers.conftest import Exported, restored
from tests.consumers.hard_rows import NUMBERS

_OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
_QUOTED_CELLS_ARE_TEXT = "CSV:44,34,76,1,,0,true,false"
"""Comma, double quote, UTF-8, from the first line, English, quoted cells as text, no special numbers."""

_UTF_8 = "CSV:44,34,76,1"
_ALL_QUOTED = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true"

pytestmark = pytest.mark.skipif(_OFFICE is None, reason="LibreOffice Calc is not installed")


def _opened(exported: Exported, folder: Path, options: str) -> dict[str, list[list[str]]]:
    """Cells of each CSV file as LibreOffice shows them: opened, and saved with each cell in quotes."""
    files = sorted((exported.folder / "text_label").glob("*.csv"))
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [str(_OFFICE), profile, "--headless", f"--infilter={options}", "--convert-to", _ALL_QUOTED]
    subprocess.run([*command, "--outdir", str(folder), *map(str, files)], capture_output=True, timeout=300, check=True)
    csv.field_size_limit(10**7)
    cells = {}
    for file in files:
        with (folder / file.name).open(encoding="utf-8", newline="") as lines:
            cells[file.stem] = [*csv.reader(lines)][1:]
    return cells


def test_every_cell_is_read_but_for_the_kind_of_its_line_breaks(exported: Exported, tmp_path: Path) -> None:
    found = _opened(exported, tmp_path, _QUOTED_CELLS_ARE_TEXT)
    for task_id in exported.task_ids():
        rows = [[text.replace("\r\n", "\n").replace("\r", "\n"), label] for text, label in exported.pairs(task_id)]
        assert restored(found[task_id]) == rows


def test_by_default_numbers_lose_their_zeros(exported: Exported, tmp_path: Path) -> None:
    found = _opened(exported, tmp_path, _UTF_8)[NUMBERS.task_id]
    assert {label for _, label in found} == {"1", "7"}
