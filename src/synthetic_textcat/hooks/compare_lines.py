"""The last lines of `compare`: what is clearly different."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synthetic_textcat.pipelines.compare.page import value


def compare_lines(found: Sequence[Mapping[str, Any]], page: str | None) -> Iterator[str]:
    """Measures whose interval leaves out zero, within 80 columns, and where the page is."""
    yield ""
    clear = [row for row in found if row["low"] is not None and (row["low"] > 0 or row["high"] < 0)]
    yield (
        f"{'compare':<30}baseline   candidate  difference lies between"
        if clear
        else "compare   nothing is clearly different"
    )
    for row in clear:
        one, other = (value(row[side], row["unit"]) for side in ("baseline", "candidate"))
        low, high = (value(row[end], row["unit"], signed=True) for end in ("low", "high"))
        yield f"  {row['measure']:<27} {one:<11}{other:<11}{low} and {high}"
    if page:
        yield f"report    {page}"
