"""CSV files that a user hands in, read strictly, with the place of what is wrong."""

import csv
import io

import pandas as pd

from synthetic_textcat.errors import TextcatError

_BOM = "\ufeff"


def read_csv(content: bytes, file: str, complaint: type[TextcatError]) -> pd.DataFrame:
    """The table, text only: a label `NA` or `001` stays what it is. No name of a column holds what may separate them.

    Raises:
        TextcatError: The `complaint`, with the place, if it is no CSV.
    """
    text = read_text(content, file, complaint)
    separator = next((mark for mark in ";\t" if mark in text.partition("\n")[0]), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if rows and len(row) != len(rows[0]):
                raise complaint(
                    f"{file}, line {reader.line_num} has {len(row)} and the header {len(rows[0])} cells. Next: put "
                    f'a cell that holds {separator!r} in "quotes", and double the quotes within'
                )
            rows.append(row)
    except csv.Error as error:
        raise complaint(f"{file}, line {reader.line_num} is not CSV: {error}. Next: mend that place") from None
    header = [name.strip() for name in rows[0]] if rows else []
    return pd.DataFrame(rows[1:], columns=header, dtype="object")


def read_text(content: bytes, file: str, complaint: type[TextcatError]) -> str:
    """The text of a file in UTF-8, without the mark that some programs begin it with.

    Raises:
        TextcatError: The `complaint`, with the line, if it is in another encoding.
    """
    try:
        return content.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise complaint(
            f"{file}, line {line} is not UTF-8: byte 0x{content[error.start]:02x}. Next: save the file as UTF-8"
        ) from None
