"""Label sets that other programs change when they read the exported files: equal numbers, all dates, missing values."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import ROUND_DOWN, Context, Decimal

from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task

_NUMBER = re.compile(r"[+-]?(?:\d+(?:,\d{3})*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})? ?%?", re.ASCII)
_KEPT = Context(prec=15, rounding=ROUND_DOWN)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ]\d\d(?::\d\d){0,2}Z?)?", re.ASCII)
_MISSING = frozenset(
    ["NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "None", "#N/A N/A"]
)
"""Texts that `pandas.read_csv` takes for a missing value by default; R and spreadsheets take some of them too."""

_ADVICE = "Next: name them otherwise in the tasks file, or read docs/export.md before you open the exports elsewhere"


def warnings_about_labels(tasks: Sequence[Task]) -> Iterator[str]:
    """One line for each task whose labels a spreadsheet or a JSON reader would change."""
    for task in tasks:
        names = task.label_names
        if equal := _equal_numbers(names):
            yield (
                f"Task {shown(task.task)}: a spreadsheet, and readers of CSV that guess types, take the labels "
                f"{', '.join(map(repr, equal))} for one number. {_ADVICE}"
            )
        if missing := [name for name in names if name in _MISSING]:
            yield (
                f"Task {shown(task.task)}: pandas and other readers of CSV take {_labels(missing)} for a missing "
                f"value. {_ADVICE}"
            )
        if names and all(map(_is_date, names)):
            yield (
                f"Task {shown(task.task)}: all labels are dates, which load_dataset('json') and FlagEmbedding turn "
                f"into timestamps, and spreadsheets into dates. {_ADVICE}"
            )


def _labels(names: Sequence[str]) -> str:
    return f"the label{'s' if len(names) > 1 else ''} {', '.join(map(repr, names))}"


def _equal_numbers(names: Sequence[str]) -> list[str]:
    """Labels that are the same number as another one, in their order."""
    values = [_number(name) if _NUMBER.fullmatch(name) else None for name in names]
    return [name for name, value in zip(names, values, strict=True) if value is not None and values.count(value) > 1]


def _number(name: str) -> Decimal:
    """The number that a spreadsheet makes of a label: it keeps 15 digits, and 10% is 0.1."""
    number = _KEPT.create_decimal(name.rstrip(" %").replace(",", ""))
    return number.scaleb(-2, _KEPT) if name.endswith("%") else number


def _is_date(name: str) -> bool:
    found = _DATE.fullmatch(name)
    if found is None:
        return False
    try:
        date(*map(int, found.groups()))
    except ValueError:
        return False
    return True
