"""Nodes of the judge, in one process: plan, calls, open votes and verdicts from a journal."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.errors import FatalAnswerError, TasksFileError
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.pipelines.label_check.judge.nodes import (
    ask_judge,
    find_open_verdicts,
    list_verdict_calls,
    on_pilot,
    on_request,
    plan_verdicts,
    prepare_verdict_prompts,
    settle_verdicts,
)
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.label_verdicts import BOTH, LABEL_VERDICTS, NOT_ASKED, call_id
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import (
    GenerationParameters,
    LabelCheckParameters,
    LlmParameters,
    QualityReportParameters,
)
from synthetic_textcat.schemas.rows import REQUESTS, records_of, to_frame
from synthetic_textcat.schemas.stops import Outage, Stops
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable
from tests.llm.builders import completion, no_reply, write_journal
from tests.llm.offline.judging import template, verdict_prompts
from tests.pipelines.quality_report.builders import PRICES, checked_tables, example_frame
from tests.support.model_classes import OFFLINE_CLASS
from tests.support.task_tables import task_table

_CLOSED = Task.model_validate({"task": "Sort a mail.", "labels": ["good", "bad", "mixed"]})
_OPEN = Task.model_validate({"task": "Name the mood."})
_TASKS = task_table([_CLOSED, _OPEN])
_SEED = 42
_LLM = LlmParameters(model=OFFLINE_MODEL)
_SPEC = ChatModelSpec(OFFLINE_CLASS)
_RUN = "run-1"
_QUALITY = QualityReportParameters()


def _checked(rows: list[dict[str, Any]]) -> pd.DataFrame:
    passed = {"reject_reason": None, "comparison_text": "x"}
    extra = pd.DataFrame([{**passed, **{k: v for k, v in row.items() if k in passed}} for row in rows])
    frame = example_frame([{k: v for k, v in row.items() if k not in passed} for row in rows])
    return frame.assign(**{name: extra[name].astype("str") for name in passed})


def _row(number: int, **changes: Any) -> dict[str, Any]:
    task = changes.pop("of", _CLOSED)
    own = {"input_text": f"Text {number}.", "label": "bad", "misleading_label": "good"}
    return {"request_id": f"r{number}", "task_id": task.task_id, "task": task.task, **own, **changes}


def _requests(checked: pd.DataFrame) -> pd.DataFrame:
    rows = ({**row, "replicate": number, "seed": number} for number, row in enumerate(records_of(checked)))
    return to_frame([{name: row[name] for name in REQUESTS} for row in rows], REQUESTS)


_ROWS = _checked([_row(0), _row(1, of=_OPEN, label="glad"), _row(2), _row(3)])


def _calls(planned: pd.DataFrame, votes: int = 1, llm: LlmParameters = _LLM) -> pd.DataFrame:
    return _calls_by(planned, LabelCheckParameters(votes=votes), llm)


def _calls_by(planned: pd.DataFrame, settings: LabelCheckParameters, llm: LlmParameters = _LLM) -> pd.DataFrame:
    prompts = verdict_prompts([_CLOSED, _OPEN])
    return list_verdict_calls(FrameTable(planned), prompts, _SPEC, _SPEC, llm, settings).to_pandas()


def _planned(checked: pd.DataFrame = _ROWS, share: float = 1.0) -> pd.DataFrame:
    settings = LabelCheckParameters(share=share)
    return plan_verdicts(FrameTable(checked), FrameTable(_requests(checked)), _TASKS, settings, _SEED).to_pandas()


def _line(calls: pd.DataFrame, row: str, vote: int, content: dict[str, str] | str, **changes: Any) -> Completion:
    """The reply to a vote."""
    own = calls[(calls["request_id"] == row) & (calls["vote"] == vote)]
    text = content if isinstance(content, str) else json.dumps(content)
    return completion(text, request_id=call_id(row, vote), fingerprint=own["fingerprint"].item(), **changes)


def _verdict(verdict: str, also_fits: str = "none of these") -> dict[str, str]:
    return {"verdict": verdict, "also_fits": also_fits}


def test_rows_that_passed_alone_are_judged_duplicates_included() -> None:
    checked = _checked([_row(0), _row(1, input_text="Text 0."), _row(2, reject_reason="label_leaked")])
    assert list(_planned(checked)["request_id"]) == ["r0", "r1"]
    assert not len(_planned(checked, share=0.0))


def test_open_labels_that_are_words_of_the_judge_are_not_asked_about() -> None:
    labels = [("both", "x"), ("x", "None of these"), ("x", "x"), ("glad", "sad")]
    rows = [_row(n, of=_OPEN, label=one, misleading_label=other) for n, (one, other) in enumerate(labels)]
    assert list(_planned(_checked(rows))["request_id"]) == ["r3"]


def test_a_closed_set_with_a_word_of_the_judge_is_refused_if_rows_are_to_be_judged() -> None:
    tasks = task_table([Task.model_validate({"task": "Sort a call.", "labels": ["phone", "mail", "Both"]})])
    closed, of_two, several = map(template, ("label_check", "label_check_of_two", "label_check_several"))
    prepare_verdict_prompts(tasks, closed, of_two, several, LabelCheckParameters(), _SEED)
    with pytest.raises(TasksFileError, match=r"'Both' of the task .*Sort a call.* Next: rename it"):
        prepare_verdict_prompts(tasks, closed, of_two, several, LabelCheckParameters(share=0.5), _SEED)


def test_a_share_of_0_means_all_where_the_command_asks_and_a_pilot_is_judged_whole() -> None:
    tables = FrameTable(_ROWS), FrameTable(_requests(_ROWS)), _TASKS
    for share, judged in ((0.0, [0, 4, 0]), (1e-9, [0, 0, 4]), (1.0, [4, 4, 4])):
        settings = LabelCheckParameters(share=share)
        nodes = plan_verdicts, on_request(plan_verdicts), on_pilot(plan_verdicts)
        assert [len(node(*tables, settings, _SEED)) for node in nodes] == judged


def test_more_votes_keep_the_calls_of_the_first_and_defects_of_the_writer_change_none() -> None:
    one, three = _calls(_planned()), _calls(_planned(), votes=3)
    assert len(three) == 3 * len(_ROWS)
    assert set(one["fingerprint"]) < set(three["fingerprint"])
    assert three["fingerprint"].is_unique
    faulty = LlmParameters(model=OFFLINE_MODEL, defects={"refused": 0.5})
    assert _calls(_planned(), llm=faulty).equals(one)


def test_only_votes_without_a_good_answer_are_open(tmp_path: Path) -> None:
    calls = _calls(_planned())
    lines = [
        _line(calls, "r0", 1, _verdict("bad")),
        _line(calls, "r1", 1, {"verdict": "furious"}),  # none of the options: asked again
        _line(calls, "r2", 1, _verdict(" BAD.")),  # another typography
    ]
    journal = Journal(write_journal(tmp_path / "v.jsonl", lines))
    still = find_open_verdicts(FrameTable(_planned()), _TASKS, FrameTable(calls), journal, GenerationParameters(), _RUN)
    assert [row.position for row in still.rows] == [1, 3]
    ((_, problem),) = still.rows[0].past
    assert problem.cause == "schema_violation"
    assert "furious" in problem.detail
    assert still.any_good


def test_verdicts_come_from_the_journal_and_rows_without_one_have_a_cause(tmp_path: Path) -> None:
    calls = _calls(_planned(), votes=3)
    lines = [
        *(_line(calls, "r0", vote, _verdict("good")) for vote in (1, 3)),
        _line(calls, "r0", 2, _verdict("bad")),
        _line(calls, "r1", 1, {"verdict": BOTH}),
        no_reply("timeout", request_id="r2", fingerprint=calls["fingerprint"][6]),
    ]
    journal = Journal(write_journal(tmp_path / "v.jsonl", lines))
    settled = settle_verdicts(FrameTable(_ROWS), _TASKS, FrameTable(calls), journal)

    found = settled.label_verdicts.to_pandas()
    assert {str(name): str(kind) for name, kind in found.dtypes.items()} == LABEL_VERDICTS
    assert found.to_numpy().tolist() == [
        ["r0", "good", 2, False, False, "model-1"],
        ["r1", BOTH, 1, True, True, "model-1"],
    ]
    assert settled.unjudged[["request_id", "cause"]].to_numpy().tolist() == [["r2", "timeout"], ["r3", NOT_ASKED]]
    other = _ROWS.assign(input_text=["Another text.", *_ROWS["input_text"][1:]])
    changed = settle_verdicts(FrameTable(other), _TASKS, FrameTable(calls), journal)
    assert list(changed.label_verdicts["request_id"]) == ["r1"]
    of_newer_plan = pd.concat([_checked([_row(9)]), _ROWS[1::-1]], ignore_index=True)
    moved = settle_verdicts(FrameTable(of_newer_plan), _TASKS, FrameTable(calls), journal)
    assert moved.label_verdicts.to_pandas().to_numpy().tolist() == found.to_numpy().tolist()[::-1]


def test_without_calls_there_are_empty_tables(tmp_path: Path) -> None:
    for calls in (None, FrameTable(_calls(_planned(share=0.0)))):
        settled = settle_verdicts(FrameTable(_ROWS), _TASKS, calls, Journal(tmp_path / "absent"))
        assert not len(settled.label_verdicts)
        assert {str(name): str(kind) for name, kind in settled.label_verdicts.empty().dtypes.items()} == LABEL_VERDICTS


def _ask(
    tmp_path: Path, stops: Stops, generation: GenerationParameters, rows: Journal, **label_check: Any
) -> list[Completion]:
    planned, settings = FrameTable(_planned()), LabelCheckParameters(**label_check)
    calls, journal = FrameTable(_calls_by(planned.to_pandas(), settings)), Journal(tmp_path / "absent")
    still = find_open_verdicts(planned, _TASKS, calls, journal, generation, _RUN)
    batches = ask_judge(
        planned, _TASKS, verdict_prompts([_CLOSED, _OPEN]), still, template("retry"), _SPEC, _SPEC, _LLM, settings,
        generation, {**PRICES, "usd_per_million_tokens": {OFFLINE_MODEL: {"input": 1.0, "output": 1.0}}},
        rows, Journal(tmp_path / "absent"), _RUN, stops.model_dump(mode="json"),
    )  # fmt: skip
    return [completion for batch in batches for completion in batch]


def test_after_an_outage_of_rows_no_judge_is_asked_and_caps_count_rows_first(tmp_path: Path) -> None:
    nothing = Journal(tmp_path / "absent")
    outage = Stops(outage=Outage(cause="timeout", words="it is down"))
    assert _ask(tmp_path, outage, GenerationParameters(), nothing) == []
    assert len(_ask(tmp_path, Stops(), GenerationParameters(), nothing)) == len(_ROWS)
    capped = GenerationParameters(max_tokens_total=100)
    paid = Journal(write_journal(tmp_path / "rows.jsonl", [completion(prompt_tokens=90, completion_tokens=10)]))
    assert _ask(tmp_path, Stops(), capped, paid) == []
    assert 0 < len(_ask(tmp_path, Stops(), capped, nothing)) < len(_ROWS)
    in_usd = GenerationParameters(max_cost_usd=1e-4)
    dear = [completion(prompt_tokens=100, completion_tokens=0, model_name=OFFLINE_MODEL, cached_tokens=None)]
    assert _ask(tmp_path, Stops(), in_usd, Journal(write_journal(tmp_path / "usd.jsonl", dear))) == []


def test_a_judge_without_a_usable_reply_is_named_with_its_settings(tmp_path: Path) -> None:
    broken = {"model": OFFLINE_MODEL, "defects": {"invalid_json": 1.0}}
    judge: dict[str, Any] = {"votes": 9, "llm": broken}
    with pytest.raises(FatalAnswerError) as found:
        _ask(tmp_path, Stops(), GenerationParameters(), Journal(tmp_path / "absent"), **judge)
    words = str(found.value)
    assert words.startswith(f"The judge {OFFLINE_MODEL}: The first 20 replies to calls for verdicts all failed")
    assert "Next: set label_check.llm.structured_output to" in words
    assert "label_check.share=0" in words


def test_a_disputed_row_makes_way_for_its_duplicate_and_flags_reject_none() -> None:
    rows = example_frame([_row(0), _row(1, input_text="text 0."), _row(2)])
    verdicts = pd.DataFrame(
        [("r0", "good", 2, False, False, "m"), ("r1", "bad", 2, True, False, "m"), ("r2", "bad", 2, True, True, "m")],
        columns=list(LABEL_VERDICTS),
    ).astype(LABEL_VERDICTS)
    requests = _requests(_checked([_row(number) for number in range(3)]))

    def outcome(**label_check: Any) -> tuple[list[str], list[list[str]], list[str]]:
        tables = checked_tables(
            rows, requests, _TASKS, _QUALITY, verdicts=verdicts, label_check=LabelCheckParameters(**label_check)
        )
        rejected = tables.rejected[["request_id", "reject_reason", "detail"]].to_numpy().tolist()
        return list(tables.examples["request_id"]), rejected, list(tables.findings["flags"])

    duplicate = ["r1", "exact_duplicate", "same text as r0"]
    assert outcome() == (["r0", "r2"], [duplicate], ["label_disputed", "", "label_ambiguous"])
    disputed = ["r0", "label_disputed", "the judge says 'good' (2 votes)"]
    assert outcome(on_dispute="reject")[:2] == (["r1", "r2"], [disputed])
    ambiguous = ["r2", "label_ambiguous", "the judge accepts 'good' too"]
    assert outcome(on_ambiguous="reject")[:2] == (["r0"], [duplicate, ambiguous])


def test_an_unjudged_copy_of_a_disputed_text_is_disputed_too() -> None:
    given = [_row(0), _row(1, input_text="text 0."), _row(2, input_text="TEXT 0.", label="mixed"), _row(3), _row(4)]
    verdicts = pd.DataFrame(
        [("r0", "good", 3, False, False, "m"), ("r3", "bad", 3, True, False, "m")], columns=list(LABEL_VERDICTS)
    ).astype(LABEL_VERDICTS)

    tables = checked_tables(
        example_frame(given),
        _requests(_checked(given)),
        _TASKS,
        _QUALITY,
        verdicts=verdicts,
        label_check=LabelCheckParameters(on_dispute="reject"),
    )

    assert list(tables.examples["request_id"]) == ["r2", "r3", "r4"]
    assert tables.rejected[["request_id", "reject_reason", "detail"]].to_numpy().tolist() == [
        ["r0", "label_disputed", "the judge says 'good' (3 votes)"],
        ["r1", "label_disputed", "same text and label as r0: the judge says 'good' (3 votes)"],
    ]
