"""The judge on rows with several labels: blind questions, votes for each label, and what becomes of the rows."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from synthetic_textcat.hashing import short_id
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.pipelines.label_check.judge.nodes import list_verdict_calls, plan_verdicts, settle_verdicts
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.label_verdicts import LABEL_VERDICTS, NOT_ASKED, call_id
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import LabelCheckParameters, LlmParameters, QualityReportParameters
from synthetic_textcat.schemas.rows import REQUESTS, records_of, to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable
from tests.llm.builders import completion, write_journal
from tests.llm.offline.judging import SEED, verdict_prompts
from tests.pipelines.quality_report.builders import checked_tables, example_frame
from tests.support.model_classes import OFFLINE_CLASS
from tests.support.task_tables import task_table

_TASK = Task.model_validate(
    {
        "task": "Tag a mail.",
        "labels": {"work": "of a job", "home": "", "club": "", "other": ""},
        "labels_per_text": [0, 2],
    }
)
_TASKS = task_table([_TASK])
_SPEC, _LLM = ChatModelSpec(OFFLINE_CLASS), LlmParameters(model=OFFLINE_MODEL)
_SETS = [("work", "home"), ("work",), (), ("home", "club")]


def _rows(sets: list[tuple[str, ...]], misleading: str = "other") -> pd.DataFrame:
    return example_frame(
        {
            "request_id": short_id(SEED, _TASK.task_id, number),
            "task_id": _TASK.task_id,
            "task": _TASK.task,
            "input_text": f"The bell rang {number} times.",
            "label": None,
            "labels": labels,
            "misleading_label": misleading,
        }
        for number, labels in enumerate(sets)
    )


def _requests(rows: pd.DataFrame) -> pd.DataFrame:
    planned = ({**row, "replicate": number, "seed": number} for number, row in enumerate(records_of(rows)))
    return to_frame([{name: row[name] for name in REQUESTS} for row in planned], REQUESTS)


def _planned(rows: pd.DataFrame) -> FrameTable:
    checked = FrameTable(rows.assign(reject_reason=pd.Series(None, rows.index, dtype="str")))
    planned = plan_verdicts(checked, FrameTable(_requests(rows)), _TASKS, LabelCheckParameters(share=1.0), SEED)
    return FrameTable(planned.to_pandas())


def _calls(rows: pd.DataFrame, votes: int = 1) -> pd.DataFrame:
    settings = LabelCheckParameters(votes=votes)
    calls = list_verdict_calls(_planned(rows), verdict_prompts([_TASK]), _SPEC, _SPEC, _LLM, settings)
    return calls.to_pandas()


def _line(calls: pd.DataFrame, row: str, vote: int, *fits: str) -> Completion:
    own = calls[(calls["request_id"] == row) & (calls["vote"] == vote)]
    answers = [{"label": name, "fits": "yes" if name in fits else "no"} for name in _TASK.label_names]
    text = json.dumps({"answers": answers})
    return completion(text, request_id=call_id(row, vote), fingerprint=own["fingerprint"].item())


def test_the_question_is_blind_to_the_planned_labels_and_names_each_of_the_set() -> None:
    first, other = (_calls(_rows(sets, misleading)) for sets, misleading in ((_SETS, "other"), (_SETS[::-1], "club")))
    assert first["fingerprint"].tolist() == other["fingerprint"].tolist()
    assert (first["row_sha256"] != other["row_sha256"]).all()
    question = verdict_prompts([_TASK]).question(next(records_of(_planned(_rows(_SETS)).to_pandas())), 1)
    assert sorted(question.options) == sorted(_TASK.label_names)
    said = "\n".join(str(message.content) for message in question.messages)
    assert "- work: of a job" in said
    assert "It has 4 objects" in said
    assert "misleading" not in said


def test_each_label_stands_in_each_place_equally_often() -> None:
    prompts, places = verdict_prompts((_TASK,)), {name: Counter[int]() for name in _TASK.label_names}
    for number in range(2_000):
        row: dict[str, Any] = {"request_id": short_id(SEED, number), "task_id": _TASK.task_id, "input_text": "x"}
        for place, name in enumerate(prompts.question({**row, "label": None, "misleading_label": "other"}, 1).options):
            places[name][place] += 1
    for count in places.values():
        chi_square = sum((count[place] - 500) ** 2 / 500 for place in range(4))
        assert chi_square < 16.27, count  # 3 degrees, 0.001


def test_verdicts_are_sets_by_the_majority_of_each_label(tmp_path: Path) -> None:
    rows = _rows(_SETS)
    ids, calls = rows["request_id"].tolist(), _calls(rows, votes=2)
    lines = [
        *(_line(calls, ids[0], vote, "work", "home") for vote in (1, 2)),
        *(_line(calls, ids[1], vote, "work", "other") for vote in (1, 2)),
        _line(calls, ids[2], 1),
        _line(calls, ids[2], 2, "club"),
    ]
    journal = Journal(write_journal(tmp_path / "v.jsonl", lines))
    settled = settle_verdicts(FrameTable(rows), _TASKS, FrameTable(calls), journal)
    assert [list(row.values()) for row in records_of(settled.label_verdicts.to_pandas())] == [
        [ids[0], '["work","home"]', 2, True, False, "model-1"],
        [ids[1], '["work","other"]', 2, False, True, "model-1"],
        [ids[2], None, 1, False, False, "model-1"],
    ]
    assert settled.unjudged[["request_id", "cause"]].to_numpy().tolist() == [[ids[3], NOT_ASKED]]
    of_other_labels = rows.assign(labels=pd.Series([("club",), *_SETS[1:]], dtype=object))
    changed = settle_verdicts(FrameTable(of_other_labels), _TASKS, FrameTable(calls), journal)
    assert list(changed.label_verdicts["request_id"]) == ids[1:3]


def test_disputed_sets_are_flagged_or_rejected_with_what_differs() -> None:
    rows = _rows(_SETS)
    ids = rows["request_id"].tolist()
    verdicts = to_frame(
        [
            (ids[0], '["work","home"]', 1, True, False, "m"),
            (ids[1], '["home","other"]', 2, False, True, "m"),
            (ids[2], None, 1, False, False, "m"),
        ],
        LABEL_VERDICTS,
    )

    def outcome(**label_check: Any) -> tuple[list[str], list[list[str]]]:
        settings = LabelCheckParameters(**label_check)
        tables = checked_tables(
            rows, _requests(rows), _TASKS, QualityReportParameters(), verdicts=verdicts, label_check=settings
        )
        return list(tables.examples["request_id"]), tables.rejected[["request_id", "detail"]].to_numpy().tolist()

    assert outcome() == (ids, [])
    detail = "the judge leaves out 'work', adds 'home' and 'other' (2 votes)"
    assert outcome(on_dispute="reject") == ([ids[0], *ids[2:]], [[ids[1], detail]])
    assert outcome(on_ambiguous="reject")[1] == [[ids[1], "the judge accepts 'other' too"]]
