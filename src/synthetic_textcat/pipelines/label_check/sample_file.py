"""File of rows to label by hand: its rows without planned labels, and the labels that come back, checked row by row."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from synthetic_textcat.errors import EvaluationError, nearest
from synthetic_textcat.hashing import draw
from synthetic_textcat.schemas.label_names import set_spelling
from synthetic_textcat.schemas.label_sets import LabelSet, label_set_code
from synthetic_textcat.schemas.label_verdicts import (
    ANSWERS,
    BOTH,
    HAND_LABELS,
    LABEL_SAMPLE,
    NONE_OF_THESE,
    UNCLEAR,
    text_sha256,
)
from synthetic_textcat.schemas.rows import plain, to_frame
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.task_table import as_task_table
from synthetic_textcat.schemas.tasks import Task, normalise
from synthetic_textcat.tables import RowTable

FILE = "label_sample.csv"
"""The file's name in the project's catalog, for messages."""

_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""First characters by which a spreadsheet takes a cell for a formula, and executes it; also in full width."""

_MARK = "'"
_BETWEEN, _ANY_OF = " | ", "any of: "
_MARKS_BETWEEN = "|;\n,"
"""Marks between several labels in a cell, tried in this order."""

_NEEDED = ("request_id", "input_text", "label")
_HEADER_ROWS = 2  # the first row of labels is a spreadsheet's second
_NONE_KNOWN: Mapping[tuple[str, str], str] = {}

Known = Mapping[tuple[str, str], str]
"""Labels given by hand, by task_id and sha256 of the text."""


def choices_of(task: Task | None, pair: Iterable[str | None]) -> list[str]:
    """The labels to choose from: the label set; of a task with open labels the row's two, by alphabet, and `BOTH`.

    Args:
        task: The task of a row; None if it is not among the tasks any more.
        pair: The row's label and misleading label.
    """
    names = task.label_names if task else ()
    return list(names) or [*sorted({label for label in pair if label} - {BOTH}), BOTH]


def known_labels(hand_labels: pd.DataFrame | None) -> Known:
    """Labels given by hand, by task and text."""
    if hand_labels is None:
        return _NONE_KNOWN
    columns = (hand_labels[name] for name in HAND_LABELS)
    return {(task, text): label for task, text, label in zip(*columns, strict=True)}


def has_several(design: pd.DataFrame) -> list[bool]:
    """Whether each drawn row is of a task with several labels a text."""
    if "task_type" not in design:
        return [False] * len(design)
    return (design["task_type"] == "multi_label").tolist()


def is_label_of(label: str, choices: Sequence[str], several: bool) -> bool:
    """Whether a label that is known from before still answers the question: its label set may have changed."""
    if not several or label == UNCLEAR:
        return label in choices or label in ANSWERS
    return (own := labels_in(label)) is not None and {*own} <= {*choices}


def labels_in(code: str) -> LabelSet | None:
    """The labels that a person gave to a row that can have several; None for a single label, given before it could."""
    try:
        labels = json.loads(code)
    except ValueError:
        return None
    return tuple(labels) if isinstance(labels, list) else None


def sheet_of(design: pd.DataFrame, examples: RowTable, tasks: Sequence[Task], known: Known, seed: int) -> pd.DataFrame:
    """The file to fill in: task by task, within a task in random order.

    Nothing in it depends on the planned label or a verdict, but which rows were drawn.

    Args:
        design: Columns `LABEL_SAMPLE_DESIGN`.
        examples: The accepted rows.
        tasks: The tasks.
        known: Labels given before, which are filled in.
        seed: Of the order.

    Returns:
        Columns `LABEL_SAMPLE`.
    """
    drawn = examples.where("request_id", design["request_id"].tolist(), ["request_id", "input_text", "task"])
    texts = dict(zip(drawn["request_id"], drawn["input_text"], strict=True))
    sentences = dict(zip(drawn["request_id"], drawn["task"], strict=True))
    by_id = as_task_table(tasks).by_id
    order = {task_id: place for place, task_id in enumerate(by_id)}
    rows = []
    for row, several in zip(design.to_dict("records"), has_several(design), strict=True):
        request_id, task_id, choices = str(row["request_id"]), str(row["task_id"]), list(row["labels"])
        label = known.get((task_id, str(row["text_sha256"])), "")
        cells = {
            "request_id": request_id,
            "task": _cell(sentences[request_id]),
            "input_text": _cell(texts[request_id]),
            "labels": _cell(
                _ANY_OF * several + _BETWEEN.join(_described(name, by_id.get(task_id)) for name in choices)
            ),
            "label": _cell(_written(label, several)) if is_label_of(label, choices, several=several) else "",
        }
        rows.append((order.get(task_id, len(order)), task_id, draw(seed, "label_sample", "order", request_id), cells))
    return to_frame([cells for *_, cells in sorted(rows, key=lambda entry: entry[:3])], LABEL_SAMPLE)


def _written(label: str, several: bool) -> str:
    """A known label as a person writes it."""
    if not several or label == UNCLEAR:
        return label
    return _BETWEEN.join(labels_in(label) or ()) or NONE_OF_THESE


def _described(name: str, task: Task | None) -> str:
    labels = task.labels if task else ()
    about = next((label.description for label in labels if label.name == name), "")
    return f"{name} ({about})" if about else name


def _cell(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would take it for a formula."""
    return _MARK + text if text.lstrip(_MARK).startswith(_FORMULA) else text


def _text_of(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return text.removeprefix(_MARK) if text.lstrip(_MARK).startswith(_FORMULA) else text


def filled_rows(sheet: pd.DataFrame) -> int | None:
    """Number of rows of which somebody has filled in the label; None if the column is missing.

    A row also counts if it has something in a column that is not one of the file's own.
    """
    if not len(sheet):
        return 0
    if "label" not in sheet:
        return None
    own = [place for place, name in enumerate(sheet.columns) if name == "label" or name not in LABEL_SAMPLE]
    filled = sheet.iloc[:, own].fillna("").map(lambda cell: bool(str(cell).strip())).any(axis=1)
    return int(filled.sum())


class _SampledRow(NamedTuple):
    """A row of the sample, as it was drawn."""

    request_id: str
    task_id: str
    text_sha256: str
    choices: tuple[str, ...]
    several: bool


def read_labels(sheet: pd.DataFrame, design: pd.DataFrame) -> pd.DataFrame:
    """The labels that a person has filled in, in the spelling of the label set.

    Rows are found by request_id, or by their text: a spreadsheet takes some ids for numbers.

    Args:
        sheet: The file; cells are texts.
        design: Columns `LABEL_SAMPLE_DESIGN`.

    Returns:
        Columns `HAND_LABELS`, of the rows with a label.

    Raises:
        EvaluationError: If columns or rows are missing, a text was changed, or a label is none of the set.
    """
    _refuse_columns(list(map(str, sheet.columns)))
    columns = (plain(design[name]) for name in ("request_id", "task_id", "text_sha256", "labels"))
    drawn = [
        _SampledRow(row, task, digest, tuple(labels), several)
        for row, task, digest, labels, several in zip(*columns, has_several(design), strict=True)
    ]
    ids = {row.request_id: row for row in drawn}
    times = Counter(row.text_sha256 for row in drawn)
    texts = {row.text_sha256: row for row in drawn if times[row.text_sha256] == 1}
    first_place: dict[str, int] = {}
    faults, found = [], []
    cells = zip(*(plain(sheet[name]) for name in _NEEDED), strict=True)
    for place, (request_id, text, label) in enumerate(cells, start=_HEADER_ROWS):
        given, digest = str(request_id or "").strip(), text_sha256(_text_of(text))
        row = ids.get(given) or texts.get(digest)
        name = "" if row is None else row.request_id
        answer = None if row is None else _answer(_text_of(label), row)
        if row is None or row.text_sha256 != digest:
            faults.append(_foreign(place, given, str(text or ""), row))
        elif first_place.setdefault(name, place) != place:
            faults.append(f"row {place} is the same as row {first_place[name]} ({name}). Next: remove one of them")
        elif answer is None:
            faults.append(_unknown(place, str(label), row))
        elif answer:
            found.append((row.task_id, row.text_sha256, answer))
        first_place.setdefault(name, place)
    missing = [row.request_id for row in drawn if row.request_id not in first_place]
    _refuse([*faults, *_missing(missing, len(drawn))])
    return to_frame(found, HAND_LABELS)


def _answer(label: str, row: _SampledRow) -> str | None:
    """The label in the spelling of the set, or one of `ANSWERS`; empty if there is none, None if it is unknown.

    Of a row that can have several labels the code of all of them.
    """
    if not label.strip():
        return ""
    if not row.several:
        return _one_answer(label, row.choices)
    found = [_one_answer(part, row.choices) for part in _parts_of(label, row.choices)]
    if None in found or (len(found) > 1 and not {*found} <= {*row.choices}):
        return None
    if found == [UNCLEAR] and UNCLEAR not in row.choices:
        return UNCLEAR
    return label_set_code(name for name in row.choices if name in found)


def _parts_of(label: str, choices: Sequence[str]) -> list[str]:
    """The labels in a cell: the whole cell if it is one, else what stands between bars, semicolons, lines or commas."""
    if _one_answer(label, choices) is not None:
        return [label]
    splits = [[part for part in label.split(mark) if part.strip()] for mark in _MARKS_BETWEEN if mark in label]
    known = (parts for parts in splits if all(_one_answer(part, choices) is not None for part in parts))
    return next(known, splits[0] if splits else [label])


def _one_answer(label: str, choices: Sequence[str]) -> str | None:
    """A label in the spelling of the set, or one of `ANSWERS`; None if it is unknown."""
    spelt = set_spelling(label, frozenset(choices))
    return spelt or next((word for word in ANSWERS if normalise(word) == normalise(label)), None)


def _refuse_columns(columns: Sequence[str]) -> None:
    repeated = [name for name, times in Counter(columns).items() if times > 1 and name in _NEEDED]
    absent = [name for name in _NEEDED if name not in columns]
    if absent or repeated:
        fault = f"lacks the column {absent[0]!r}" if absent else f"has the column {repeated[0]!r} twice"
        raise EvaluationError(
            f"{FILE}, row 1, {fault}; its columns are: {', '.join(columns) or 'none'}. Next: name the "
            f"columns {', '.join(LABEL_SAMPLE)}, separated by commas, semicolons or tabs"
        )


def _foreign(place: int, request_id: str, text: str, row: _SampledRow | None) -> str:
    if row is None:
        return f"row {place} ({shown(request_id)}, {shown(text)}) is none of the sample's. Next: remove it"
    return (
        f"row {place} ({row.request_id}) has another text than the one that was drawn: {shown(text)}. Next: restore "
        "the text that this request_id has in the dataset 'examples'"
    )


def _unknown(place: int, label: str, row: _SampledRow) -> str:
    parts = _parts_of(_text_of(label), row.choices) if row.several else [label]
    wrong = next((part.strip() for part in parts if _one_answer(part, row.choices) is None), None)
    words = " or ".join(map(repr, ANSWERS))
    if wrong is None:
        return f"row {place} has {shown(label)}: {words} stand alone. Next: write either of them, or labels"
    ask = (
        f"labels of the column `labels`, separated by {_BETWEEN.strip()}"
        if row.several
        else "one of the column `labels`"
    )
    return (
        f"row {place} has the label {shown(wrong)}, which is none of the row's ({nearest(wrong, row.choices)}). Next: "
        f"write {ask}, {words}, or leave it empty"
    )


def _missing(request_ids: Sequence[str], rows: int) -> Iterator[str]:
    if request_ids:
        yield (
            f"after its last row: {len(request_ids)} of the {rows} drawn rows are missing, the first of them "
            f"{request_ids[0]}. Next: put them back, with an empty label if you have none"
        )


def _refuse(faults: Sequence[str]) -> None:
    if faults:
        more = f" ({len(faults) - 1} more of its rows are wrong)" if len(faults) > 1 else ""
        raise EvaluationError(f"{FILE}, {faults[0]}{more}")
