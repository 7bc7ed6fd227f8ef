"""Settlement of a plan with rows of both kinds: each reply is read by the form that its row asks for."""

import json
from pathlib import Path
from typing import Any

import pytest

from synthetic_textcat.llm.calls.open_rows import open_rows
from synthetic_textcat.llm.calls.row_judge import multi_label_mask, row_judge
from synthetic_textcat.llm.calls.row_settlement import plain_lines
from synthetic_textcat.llm.calls.token_limits import row_tokens
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.pipelines.generation.nodes import settle_rows
from synthetic_textcat.schemas.label_sets import labels_of
from synthetic_textcat.schemas.rows import CALLS, REQUESTS, to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable, RowTable
from tests.llm.builders import completion, fingerprint, write_journal
from tests.support.task_tables import task_table

_SEVERAL = Task.model_validate(
    {"task": "Route.", "labels": ["Billing", "Shipping", "Praise"], "labels_per_text": [0, 2]}
)
_ONE = Task.model_validate({"task": "Sort.", "labels": ["good", "bad"]})
_PLANNED: list[dict[str, Any]] = [
    {"task_id": _SEVERAL.task_id, "labels": ("Billing", "Shipping"), "misleading_label": "Praise"},
    {"task_id": _ONE.task_id, "label": "good", "misleading_label": "bad"},
    {"task_id": _SEVERAL.task_id, "labels": (), "misleading_label": "Praise"},
    {"task_id": _ONE.task_id, "label": "bad", "misleading_label": "good"},
    {"task_id": _SEVERAL.task_id, "labels": ("Praise",), "misleading_label": "Billing"},
]
_REPLIES: list[dict[str, Any]] = [
    {"labels": ["Shipping", "Billing"]},
    {"label": "good"},
    {"labels": []},
    {"labels": ["bad"]},  # no form for a row with one label
    {"label": "praise"},
]


def _requests() -> RowTable:
    shared: dict[str, Any] = {
        "task": "x",
        "language": "English",
        "difficulty": "PhD",
        "clarity": "clear",
        "num_words": "at least 10",
    }
    rows = ({**shared, **own, "request_id": f"r{n}", "replicate": n, "seed": n} for n, own in enumerate(_PLANNED))
    return FrameTable(to_frame(rows, REQUESTS))


def _calls() -> RowTable:
    rows = ({"request_id": f"r{n}", "fingerprint": fingerprint(f"r{n}")} for n in range(len(_PLANNED)))
    return FrameTable(to_frame(rows, CALLS))


def _journal(path: Path, wrap: str = "{}") -> Journal:
    texts = [
        json.dumps({"input_text": "Two parcels.", **reply, "misleading_label": own["misleading_label"]})
        for reply, own in zip(_REPLIES, _PLANNED, strict=True)
    ]
    lines = [
        completion(request_id=f"r{n}", fingerprint=fingerprint(f"r{n}"), raw_text=wrap.replace("{}", text))
        for n, text in enumerate(texts)
    ]
    return Journal(write_journal(path, lines))


@pytest.mark.parametrize("wrap", ["{}", "Here it is:\n```json\n{}\n```"], ids=["plain", "fenced"])
def test_each_row_gets_the_labels_of_its_form(tmp_path: Path, wrap: str) -> None:
    journal = _journal(tmp_path / "completions.jsonl", wrap)
    settled = settle_rows(_requests(), _calls(), journal, task_table([_SEVERAL, _ONE]))
    rows = settled.candidates.to_pandas()
    assert rows["request_id"].tolist() == ["r0", "r1", "r2", "r4"]
    assert rows["label"].fillna("-").tolist() == ["-", "good", "-", "-"]
    assert labels_of(rows) == [("Billing", "Shipping"), ("good",), (), ("Praise",)]
    failed = settled.failed.to_pandas()
    assert failed[["request_id", "failure_cause", "detail"]].values.tolist() == [
        ["r3", "schema_violation", "label: field required"]
    ]


def test_without_the_table_of_tasks_labels_stay_in_the_models_order(tmp_path: Path) -> None:
    rows = settle_rows(_requests(), _calls(), _journal(tmp_path / "completions.jsonl")).candidates.to_pandas()
    assert labels_of(rows)[0] == ("Shipping", "Billing")


@pytest.mark.parametrize("at_once", [plain_lines, None])
def test_rows_are_asked_again_where_their_own_form_is_missing(tmp_path: Path, at_once: Any) -> None:
    requests = _requests()
    found = open_rows(
        (fingerprint(f"r{n}") for n in range(len(_PLANNED))),
        _journal(tmp_path / "completions.jsonl"),
        row_judge(requests),
        max_attempts=2,
        good_at_once=at_once,
    )
    [row] = found.rows
    assert row.position == 3
    assert [problem.detail for _, problem in row.past] == ["label: field required"]
    assert found.any_good


def test_multi_label_rows_are_known_by_their_labels_and_tables_of_earlier_versions_have_none() -> None:
    requests = _requests()
    assert multi_label_mask(requests).tolist() == [True, False, True, False, True]
    old = FrameTable(requests.to_pandas().drop(columns="labels"))
    assert not multi_label_mask(old).any()


def test_the_token_limit_counts_all_labels() -> None:
    row = {"num_words": "at least 10", "language": "English", "misleading_label": "Praise"}
    of_none = row_tokens({**row, "label": None, "labels": ()})
    of_many = row_tokens({**row, "label": None, "labels": ("x" * 100, "y" * 100)})
    assert of_none < of_many
    assert row_tokens({**row, "label": "a", "labels": ("a",)}) == row_tokens({**row, "label": "a"})
    assert row_tokens({**row, "label": None, "misleading_label": None, "labels": None}) > of_none
