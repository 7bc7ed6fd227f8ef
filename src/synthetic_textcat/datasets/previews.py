"""Previews for Kedro-Viz: the first rows, characters or values of a file, in a form that its page displays safely.

Kedro-Viz knows the kind by the *name* of what `preview` is annotated to return, so it is not imported here. Its page
escapes tables, JSON and text. What it can't take is JSON that is none (`NaN`), and cells that are no plain values.
"""

import json
import math
from collections.abc import Callable, Mapping
from functools import partial
from html.parser import HTMLParser
from typing import Any, NewType

import pandas as pd

from synthetic_textcat.datasets.file_formats import first_rows, read
from synthetic_textcat.datasets.kedro_compat import JSONPreview, TablePreview
from synthetic_textcat.datasets.stored import StoredDataset

TextPreview = NewType("TextPreview", str)
"""As it stands, in a fixed-width font. Kedro-Viz knows the name; kedro-datasets has no type of it yet."""

ROWS = 5
ABSENT = "There is no such file yet."

_ITEMS = 20
_CELL = 300
_TEXT = 20_000
_UNSEEN = {"head", "script", "style", "select", "svg"}
_LINES = {
    "br",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tr",
    "ul",
}
_CELLS = {"td", "th"}


def preview_of(dataset: StoredDataset[Any, Any]) -> Callable[..., Any]:
    """The preview that suits the suffix of a file, for the attribute `preview` of its dataset."""
    suffix = dataset.suffix
    if suffix in (".parquet", ".csv", ".jsonl"):
        return partial(table_preview, dataset)
    return partial({".json": json_preview, ".html": page_preview}.get(suffix, text_preview), dataset)


def table_preview(dataset: StoredDataset[Any, Any], nrows: int = ROWS) -> TablePreview:
    """The first rows of a `.parquet`, `.csv` or `.jsonl` file; no more of it is read than that."""
    with dataset.peek() as path:
        return rows_preview(first_rows(path, nrows) if path else pd.DataFrame(columns=[ABSENT]), nrows)


def rows_preview(frame: pd.DataFrame, nrows: int = ROWS) -> TablePreview:
    """The first rows of a frame, each cell a number or a text that is not too long to look through."""
    shown = frame.head(nrows)
    rows = [[_cell(value) for value in row] for row in shown.itertuples(index=False, name=None)]
    return TablePreview(
        {"index": list(range(len(rows))), "columns": [str(name) for name in shown.columns], "data": rows}
    )


def json_preview(dataset: StoredDataset[Any, Any]) -> JSONPreview:
    """The content of a `.json` file; of long lists the first items."""
    with dataset.peek() as path:
        return value_preview(read(path) if path else [ABSENT])


def value_preview(value: Any) -> JSONPreview:
    """Plain values as JSON, of long lists the first items."""
    return JSONPreview(json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, default=str))


def text_preview(dataset: StoredDataset[Any, Any]) -> TextPreview:
    """The beginning of a text."""
    with dataset.peek() as path:
        if path is None:
            return TextPreview(ABSENT)
        with path.open(encoding="utf-8") as file:
            text = file.read(_TEXT + 1)
    return TextPreview(_cut(text, _TEXT) or "(empty)")


def page_preview(dataset: StoredDataset[Any, Any]) -> TextPreview:
    """The words of a page.

    Kedro-Viz has a preview of HTML too, but reads Markdown into it after it has taken scripts out: a text such as
    `[a](" onmouseover="...)`, escaped or not, would be a script again.
    """
    with dataset.peek() as path:
        return TextPreview(_cut(words_of(path.read_text(encoding="utf-8")), _TEXT) if path else ABSENT)


def folder_preview(sizes: Mapping[str, int] | None, nrows: int = _ITEMS) -> TablePreview:
    """The files of a folder by name, with their sizes in bytes; None if there is no folder."""
    if sizes is None:
        return rows_preview(pd.DataFrame(columns=[ABSENT]), nrows)
    rows: list[tuple[str, int | None]] = list(sizes.items())
    more = [(f"and {len(rows) - nrows} more", None)] if len(rows) > nrows else []
    listing = pd.DataFrame([*rows[:nrows], *more], columns=["file", "bytes"], dtype="object")
    return rows_preview(listing, nrows + 1)


def _cell(value: Any) -> str | float | None:
    """A value as a cell; lists and objects as JSON, since the page would show them as `[object Object]`."""
    if isinstance(value, str):
        return _cut(value, _CELL)
    plain = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(plain, bool | list | tuple | dict):
        return _cut(json.dumps(_plain(plain), ensure_ascii=False, default=str), _CELL)
    if plain is None or plain is pd.NA or plain is pd.NaT or (isinstance(plain, float) and not math.isfinite(plain)):
        return None
    return plain if isinstance(plain, int | float) else _cut(str(plain), _CELL)


def _plain(value: Any) -> Any:
    """The value as JSON can hold it: arrays as lists, no special numbers, long lists cut."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        more = [f"and {len(value) - _ITEMS} more"] if len(value) > _ITEMS else []
        return [*map(_plain, value[:_ITEMS]), *more]
    return value


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most].rstrip() + " …"


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._unseen += tag in _UNSEEN
        self.parts.append("\n" if tag in _LINES else "")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN
        self.parts.append("\n" if tag in _LINES else " | " if tag in _CELLS else "")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(" ".join(data.split("\n")))


def words_of(page: str) -> str:
    """The text of a page, a line for each paragraph, item and row; without scripts, styles and form controls."""
    words = _Words()
    words.feed(page)
    words.close()
    lines = (" ".join(line.split()).removesuffix("|").strip() for line in "".join(words.parts).split("\n"))
    return "\n".join(line for line in lines if line)
