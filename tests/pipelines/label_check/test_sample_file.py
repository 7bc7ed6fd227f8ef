"""The file to fill in gives nothing away, and what comes back from a spreadsheet is read or refused row by row."""

import csv
import io
from functools import cache
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.datasets import FileDataset, UserTableDataset
from synthetic_textcat.errors import EvaluationError
from synthetic_textcat.pipelines.label_check.sample_file import (
    choices_of,
    filled_rows,
    known_labels,
    read_labels,
    sheet_of,
)
from synthetic_textcat.schemas.label_verdicts import BOTH, HAND_LABELS, LABEL_SAMPLE, text_sha256
from synthetic_textcat.schemas.rows import to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.support.each_case import each_of
from tests.support.examples import examples

_TASK = Task.model_validate(
    {"task": "Sort a mail.", "labels": [{"name": "Refund", "description": "money back"}, "Café", "-1"]}
)
_OPEN = Task(task="Name the mood.")
_TEXTS = ["Give me my money; now", '=HYPERLINK("x")', "'-5 it was", 'zwei\nZeilen, "so"', "ein Café\t"]


def _examples(texts: list[str] | None = None, **columns: Any) -> pd.DataFrame:
    texts = texts or _TEXTS
    rows = {"request_id": [f"{number:020d}" for number in range(len(texts))], "task_id": _TASK.task_id}
    given = {"task": _TASK.task, "input_text": texts, "label": "Refund", "misleading_label": "Café"}
    return pd.DataFrame({**rows, **given, **columns})


def _design(examples: pd.DataFrame, tasks: tuple[Task, ...] = (_TASK,)) -> pd.DataFrame:
    by_id = {task.task_id: task for task in tasks}
    columns = (examples[name] for name in ("task_id", "label", "misleading_label"))
    choices = [choices_of(by_id.get(task_id), pair) for task_id, *pair in zip(*columns, strict=True)]
    return examples[["request_id", "task_id"]].assign(
        text_sha256=examples["input_text"].map(text_sha256), labels=pd.Series(choices), probability=0.5
    )


def _sheet(
    examples: pd.DataFrame, tasks: tuple[Task, ...] = (_TASK,), known: dict[Any, str] | None = None
) -> pd.DataFrame:
    return sheet_of(_design(examples, tasks), as_table(examples), tasks, known or {}, 7)


def _labels(found: pd.DataFrame) -> list[str]:
    return found["label"].tolist()


def test_the_columns_and_the_choices() -> None:
    sheet = _sheet(_examples())

    assert list(sheet.columns) == list(LABEL_SAMPLE)
    assert set(sheet["labels"]) == {"Refund (money back) | Café | -1"}
    assert set(sheet["label"]) == {""}


def test_nothing_in_it_depends_on_the_planned_label() -> None:
    one = _sheet(_examples())
    other = _sheet(_examples(label="Café", misleading_label="Refund"))

    pd.testing.assert_frame_equal(one, other)


def test_open_labels_are_the_two_of_the_row_in_alphabetical_order() -> None:
    columns: dict[str, Any] = {"task_id": _OPEN.task_id, "task": _OPEN.task, "label": "zeal", "misleading_label": "awe"}
    one = _sheet(_examples(**columns), (_OPEN,))
    other = _sheet(_examples(**{**columns, "label": "awe", "misleading_label": "zeal"}), (_OPEN,))

    pd.testing.assert_frame_equal(one, other)
    assert set(one["labels"]) == {f"awe | zeal | {BOTH}"}


def test_a_text_that_a_spreadsheet_would_execute_is_marked_as_text() -> None:
    texts = _sheet(_examples())["input_text"].tolist()

    assert '\'=HYPERLINK("x")' in texts
    assert "''-5 it was" in texts


def test_labels_that_are_known_from_before_are_filled_in() -> None:
    rows = _examples()
    key, gone = ((_TASK.task_id, text_sha256(text)) for text in _TEXTS[:2])
    sheet = _sheet(rows, known={key: "Café", gone: "no longer in the set"})

    assert sorted(sheet["label"]) == ["", "", "", "", "Café"]
    assert known_labels(to_frame([(*key, "Café")], HAND_LABELS)) == {key: "Café"}


@examples(10)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1), min_size=1, max_size=6
    ),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
)
def test_what_a_spreadsheet_saves_is_read(texts: list[str], separator: str, has_mark: bool) -> None:
    rows = _examples([f"{number} {text}" if number else text for number, text in enumerate(texts)])
    sheet = _sheet(rows).assign(label=["refund ", "CAFÉ", " -1", "Cafe\u0301", "", "Unclear"][: len(texts)])
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=separator, lineterminator="\r\n")
    writer.writerows([list(sheet.columns), *sheet.to_numpy().tolist()])
    content = buffer.getvalue().encode("utf-8-sig" if has_mark else "utf-8")

    found = read_labels(_loaded(content), _design(rows))
    assert _labels(found) == ["Refund", "Café", "-1", "Café", "unclear"][: min(len(texts), 4) + (len(texts) == 6)]


def _loaded(content: bytes) -> pd.DataFrame:
    from synthetic_textcat.datasets.strict_readers import read_csv

    return read_csv(content, "label_sample.csv", EvaluationError)


def test_it_is_written_and_read_by_the_datasets_of_the_catalog(tmp_path: Any) -> None:
    rows, path = _examples(), str(tmp_path / "label_sample.csv")
    FileDataset(filepath=path, save_args={"encoding": "utf-8-sig"}).save(_sheet(rows).assign(label="Refund"))

    sheet = UserTableDataset(filepath=path).load()
    assert filled_rows(sheet) == len(_TEXTS)
    assert _labels(read_labels(sheet, _design(rows))) == ["Refund"] * len(_TEXTS)


def test_an_id_that_a_spreadsheet_took_for_a_number_is_found_by_its_text() -> None:
    rows = _examples()
    sheet = _sheet(rows).assign(request_id=lambda rows: [f"{int(row):.0E}" for row in rows["request_id"]], label="café")

    assert _labels(read_labels(sheet, _design(rows))) == ["Café"] * len(_TEXTS)


def _spoilt(spoil: Any) -> str:
    rows = _examples()
    sheet = _sheet(rows).assign(label=["Refund", "", "none of these", "-1", "Café"])
    with pytest.raises(EvaluationError) as caught:
        read_labels(spoil(sheet), _design(rows))
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("label_sample.csv, ")
    return message


def _set(row: int, column: str, value: str) -> Any:
    def spoil(sheet: pd.DataFrame) -> pd.DataFrame:
        changed = sheet.copy()
        changed.loc[row - 2, column] = value
        return changed

    return spoil


@each_of(
    ("spoil", "said"),
    [
        (_set(4, "label", "Refunds"), ["row 4 ", "'Refunds'", "did you mean Refund?", "none of these", "unclear"]),
        (_set(3, "label", "both"), ["row 3 ", "'both'"]),
        (_set(5, "input_text", "something else"), ["row 5 ", "another text", "something else"]),
        (_set(6, "request_id", "x1"), None),
        (lambda sheet: sheet.assign(request_id="x", input_text="y"), ["row 2 ", "none of the sample's", "5 more"]),
        (lambda sheet: sheet.drop(index=3), ["1 of the 5 drawn rows are missing"]),
        (lambda sheet: pd.concat([sheet, sheet.head(1)]), ["row 7 ", "same as row 2"]),
        (lambda sheet: sheet.drop(columns="label"), ["row 1", "lacks the column 'label'", "request_id, task"]),
        (
            lambda sheet: sheet.set_axis(["request_id", "task", "input_text", "label", "label"], axis=1),
            ["'label' twice"],
        ),
        (
            lambda sheet: pd.DataFrame({"|".join(sheet.columns): ["x"] * 5}),
            ["row 1", "lacks the column 'request_id'", "commas, semicolons or tabs"],
        ),
        (lambda _: pd.DataFrame(), ["row 1", "its columns are: none"]),
    ],
)
def test_a_wrong_row_is_named(spoil: Any, said: list[str] | None) -> None:
    if said is None:  # the text still tells which row it is
        rows = _examples()
        assert read_labels(spoil(_sheet(rows)), _design(rows)).empty
        return
    message = _spoilt(spoil)
    assert [word for word in said if word not in message] == []
    assert "Next: " in message


@pytest.mark.parametrize(
    ("columns", "filled"),
    [
        ({}, 0),
        ({"label": ["", " ", "", "", ""]}, 0),
        ({"label": ["", "x", "", "", ""]}, 1),
        ({"notes": ["", "hm", "", "hm", ""]}, 2),
    ],
)
def test_a_row_is_filled_in_if_a_person_wrote_anything(columns: dict[str, list[str]], filled: int) -> None:
    assert filled_rows(_sheet(_examples()).assign(**columns)) == filled


def test_a_file_without_the_column_may_be_somebodys_work() -> None:
    assert filled_rows(_sheet(_examples()).drop(columns="label")) is None
    assert filled_rows(pd.DataFrame()) == 0


def test_another_separator_is_named_with_the_row_and_the_allowed_ones() -> None:
    content = _sheet(_examples()).to_csv(sep="|", index=False).encode()

    with pytest.raises(
        EvaluationError, match=r"line \d has .* Next: separate the columns by commas, semicolons or tabs"
    ):
        _loaded(content.replace(b"Give me my money;", b"Give, me"))


_SEVERAL = Task.model_validate(
    {"task": "Tag a mail.", "labels": {"Refund": "money back", "Café": "", "Late, lost": ""}, "labels_per_text": [0, 2]}
)


def _of_several(texts: list[str]) -> pd.DataFrame:
    return _examples(texts, task_id=_SEVERAL.task_id, label=None)


def _several_design(examples: pd.DataFrame) -> pd.DataFrame:
    return _design(examples, (_SEVERAL,)).assign(task_type="multi_label")


@cache
def _of_one_text() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sheet and design."""
    examples = _of_several(["A text."])
    design = _several_design(examples)
    return sheet_of(design, as_table(examples), (_SEVERAL,), {}, 7), design


@each_of(
    ("cell", "code"),
    [
        ("Refund | Café", '["Refund","Caf\\u00e9"]'),
        ("café; refund", '["Refund","Caf\\u00e9"]'),
        ("Refund, Café", '["Refund","Caf\\u00e9"]'),
        ("Refund\nRefund", '["Refund"]'),
        ("Late, lost", '["Late, lost"]'),
        ("Late, lost | Refund", '["Refund","Late, lost"]'),
        ("refund", '["Refund"]'),
        ("None of these.", "[]"),
        ("unclear", "unclear"),
    ],
)
def test_several_labels_stand_between_bars_semicolons_lines_or_commas(cell: str, code: str) -> None:
    sheet, design = _of_one_text()
    assert sheet["labels"].tolist() == ["any of: Refund (money back) | Café | Late, lost"]
    assert _labels(read_labels(sheet.assign(label=cell), design)) == [code]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("Refund | Cafe bar", r"has the label 'Cafe bar'.*Next: write labels of the column `labels`, separated by \|,"),
        ("Refund | none of these", r"'none of these' or 'unclear' stand alone"),
        ("Refnd", r"'Refnd', which is none of the row's \(did you mean Refund"),
    ],
)
def test_an_unknown_label_among_several_is_named(cell: str, words: str) -> None:
    sheet, design = _of_one_text()
    with pytest.raises(EvaluationError, match=words):
        read_labels(sheet.assign(label=cell), design)


def test_known_labels_of_several_are_filled_in_as_a_person_writes_them() -> None:
    examples = _of_several(["One.", "Two.", "Three.", "Four."])
    codes = ('["Refund","Late, lost"]', "[]", "unclear", "Refund")
    known = {
        (_SEVERAL.task_id, text_sha256(text)): code for text, code in zip(examples["input_text"], codes, strict=True)
    }
    sheet = sheet_of(_several_design(examples), as_table(examples), (_SEVERAL,), known, 7)
    filled = dict(zip(sheet["input_text"], sheet["label"], strict=True))
    assert filled == {"One.": "Refund | Late, lost", "Two.": "none of these", "Three.": "unclear", "Four.": ""}
    again = read_labels(sheet, _several_design(examples))
    assert sorted(_labels(again)) == sorted(codes[:3])
