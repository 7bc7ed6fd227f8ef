"""A plan's rows settled in one pass over the journal: the same results as row by row, for replies of any kind."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.llm.calls.policy import judging
from synthetic_textcat.llm.calls.row_settlement import PlanSettlement
from synthetic_textcat.llm.calls.settlement import settle
from synthetic_textcat.llm.journal.journal import Journal, completion_line
from synthetic_textcat.llm.journal.plan_positions import PlanPositions
from synthetic_textcat.redaction import add_secret
from synthetic_textcat.schemas.completions import Completion, Reply
from synthetic_textcat.schemas.rows import CALLS, records_of, to_frame
from synthetic_textcat.tables import as_table
from synthetic_textcat.text.unicode import visible_controls
from tests.llm.builders import BAD, completion, fingerprint, no_reply, write_journal
from tests.support.chat_models import GOOD
from tests.support.examples import cases, examples

_ROWS = ["r0", "r1", "r2"]
_KEY = "a-secret-of-the-tests"


def _reply(**changes: Any) -> str:
    return json.dumps({**json.loads(GOOD), **changes})


_REPLIES = {
    "good": GOOD,
    "another": _reply(input_text="another text"),
    "spaces": f" \n{GOOD}\t",
    "other alphabet": json.dumps(json.loads(GOOD) | {"label": "Näheres \U0001f600"}, ensure_ascii=False),
    "control characters": _reply(input_text="a\x00b\x1b[31m\nc\u2028", label="\x07"),
    "written control characters": GOOD.replace("a text", "a\x01\ttext"),
    "fenced": f"```json\n{GOOD}\n```",
    "thoughts": f"<think>{_reply(input_text='a draft')}</think>{GOOD}",
    "two": f"{GOOD}\n{_reply(input_text='the last')}",
    "in a list": f"[{GOOD}]",
    "one field more": _reply(more=[1, {"deep": None}]),
    "a field twice": GOOD[:-1] + ', "label": "the last one"}',
    "a field too few": json.dumps({"input_text": "a", "label": "A"}),
    "a number": _reply(label=5),
    "null": _reply(label=None),
    "a long label": _reply(label="x" * 1_001),
    "the longest label": _reply(label="x" * 1_000),
    "a long text": _reply(input_text="word " * 5_000),
    "huge": _reply(input_text="x" * 120_000),
    "deep": _reply(label=[[[[[[]]]]]]),
    "too deep": "[" * 3_000,
    "a lone surrogate": _reply(input_text="a \ud83d b"),
    "a written lone surrogate": GOOD.replace("a text", "a \ud83d text"),
    "a pair of surrogates": GOOD.replace("a text", "a \\ud83d\\ude00 text"),
    "a byte order mark": f"\ufeff{GOOD}",
    "odd spaces": f"\u00a0{GOOD}\u2003",
    "NaN": _reply(input_text="a").replace('"a"', "NaN"),
    "leading zero": GOOD[:-1] + ', "n": 01}',
    "a secret": _reply(input_text=f"I was told {_KEY}."),
    "an escaped secret": GOOD.replace("a text", _KEY.replace("a", "\\u0061")),
    "trailing comma": GOOD[:-1] + ",}",
    "a delete": GOOD.replace("a text", "a\x7f text"),
    "a tab": _reply(input_text="a\ttext\r\n", label='a "quoted" \\b'),
    "between words": f"Sure! Here is the row:\n{GOOD}\nI hope that helps.",
    "an open fence": f"```\n{GOOD}",
    "a fence in Chinese": f"\u597d\u7684:\n```json\n{_reply(label='x' * 1_001)}\n```",
    "a brace behind": f"{GOOD} as in {{this}}",
    "a brace before": f"As in {{this}}: {GOOD}",
    "thoughts that never end": f"<think>maybe {GOOD}",
    "thoughts between words": f"Well. <think> {GOOD} </think> Now: {_reply(input_text='the second')}",
    "a tag in the text": f"Here: {_reply(input_text='a <thinking> man')}",
    "a stripped channel": f"analysis We need a row {GOOD} assistantfinal {GOOD}",
    "a draft in a fence": f"Here's my thought process: ```{GOOD}```",
    "wrapped": f"```{json.dumps({'row': json.loads(GOOD)})}```",
    "in a list in a fence": f"```json\n[{GOOD}]\n```",
    "a control in a fence": "```" + GOOD.replace("a text", "a\x01\ttext") + "```",
    "an escaped control in a fence": f"```{_reply(input_text='a' + chr(7))}```",
    "a secret in a fence": f"```{_reply(input_text=_KEY)}```",
    "a placeholder": f"```{_reply(input_text='...')}```",
    "trailing comma in a fence": f"```json\n{GOOD[:-1]},\n}}\n```",
    "trailing comma and a quote": _reply(input_text='a "quoted" text')[:-1] + ",}",
    "trailing comma and a bracket": _reply(input_text="a [text]")[:-1] + ",}",
    "trailing comma of two": GOOD[:-1] + ",,}",
    "trailing comma and a field too few": '{"input_text": "a", "label": "A",}',
    "trailing comma and a field twice": GOOD[:-1] + ', "label": "the last one",}',
    "none": BAD,
    "empty": "",
}
_FORMS: dict[str, dict[str, Any]] = {
    "as usual": {},
    "cut": {"finish_reason": "length"},
    "filtered": {"finish_reason": "content_filter", "error": "hate \ud83d"},
    "refused": {"refusal": "no \ud83d"},
    "no refusal": {"refusal": ""},
    "limited": {"finish_reason": "length", "max_tokens": 5},
    "an odd name": {"model_name": "m \ud83d\x00"},
    "a secret name": {"model_name": _KEY},
    "no name": {"model_name": None},
}


def _lines() -> st.SearchStrategy[Completion]:
    answers = st.builds(
        lambda row, text, form, attempt: completion(_REPLIES[text], request_id=row, attempt=attempt, **_FORMS[form]),
        st.sampled_from([*_ROWS, "of another plan"]),
        st.sampled_from(sorted(_REPLIES)),
        st.sampled_from(sorted(_FORMS)),
        st.integers(1, 3),
    )
    failures = st.builds(
        lambda row, attempt: no_reply(request_id=row, attempt=attempt), st.sampled_from(_ROWS), st.integers(1, 3)
    )
    return answers | failures


_Settled = tuple[dict[int, tuple[Any, ...]], dict[int, tuple[Any, ...]], list[int]]
"""By position of the row: its reply, or the problem; and the number of calls of each row."""


def _row_by_row(path: Path, rows: Sequence[str] = _ROWS) -> _Settled:
    good: dict[int, tuple[Any, ...]] = {}
    bad: dict[int, tuple[Any, ...]] = {}
    attempts = []
    for position, own in enumerate(Journal(path).completions(map(fingerprint, rows))):
        settled = settle(own, judging(Reply))
        attempts.append(len(own))
        if settled.value is not None and settled.completion is not None:
            value = settled.value
            said = (value.input_text, value.label, value.misleading_label, settled.completion.model_name, value.note)
            good[position] = tuple((text and visible_controls(text)) or None for text in said)
        elif settled.problem is not None:
            bad[position] = tuple(settled.problem)
    return good, bad, attempts


def _settled(path: Path, rows: Sequence[str] = _ROWS) -> PlanSettlement:
    calls = as_table(to_frame(((row, fingerprint(row)) for row in rows), CALLS))
    return PlanSettlement(Journal(path), PlanPositions(calls, calls))


def _in_one_pass(path: Path, rows: Sequence[str] = _ROWS) -> _Settled:
    settled = _settled(path, rows)
    replies, problems = settled.part(0)
    names = ("input_text", "label", "misleading_label", "model_name", "detail")
    good = {row["position"]: tuple(row[name] or None for name in names) for row in records_of(replies)}
    bad = {row["position"]: (row["failure_cause"], row["detail"]) for row in records_of(problems)}
    return good, bad, settled.attempts.tolist()


@pytest.mark.parametrize("form", cases(sorted(_FORMS), 3))
def test_a_plan_of_replies_of_all_kinds_settles_as_row_by_row(form: str, tmp_path: Path) -> None:
    add_secret(_KEY)
    rows = list(_REPLIES)
    lines = [completion(text, request_id=row, **_FORMS[form]) for row, text in _REPLIES.items()]
    path = write_journal(tmp_path / "j.jsonl", lines)
    for found, expected in zip(_in_one_pass(path, rows), _row_by_row(path, rows), strict=True):
        assert found == expected


@pytest.mark.slow
@pytest.mark.parametrize("form", sorted(_FORMS))
def test_each_reply_settles_as_it_does_alone(form: str, tmp_path: Path) -> None:
    add_secret(_KEY)
    path = tmp_path / "j.jsonl"
    for name, text in _REPLIES.items():
        write_journal(path, [completion(text, request_id="r1", **_FORMS[form])])
        assert _in_one_pass(path) == _row_by_row(path), name


@examples(30)
@given(st.lists(_lines(), max_size=12))
def test_any_journal_settles_as_row_by_row(tmp_path_factory: pytest.TempPathFactory, lines: list[Completion]) -> None:
    add_secret(_KEY)
    path = write_journal(tmp_path_factory.mktemp("settled") / "j.jsonl", lines)
    assert _in_one_pass(path) == _row_by_row(path)


@pytest.mark.parametrize("first", ["a byte order mark", "fenced", "a lone surrogate", "an escaped secret"])
def test_of_two_good_replies_of_an_attempt_the_earlier_counts_whoever_reads_it(first: str, tmp_path: Path) -> None:
    add_secret(_KEY)
    lines = [completion(_REPLIES[name]) for name in (first, "another")]
    path = write_journal(tmp_path / "j.jsonl", lines)
    assert _in_one_pass(path) == _row_by_row(path)


@pytest.mark.parametrize("odd", ["good", "fenced", "a number", "one field more", "a long label", "NaN", "a secret"])
def test_a_reply_that_needs_the_parser_changes_nothing_for_those_around_it(odd: str, tmp_path: Path) -> None:
    add_secret(_KEY)
    lines = [
        completion(_REPLIES[name], request_id=row) for name, row in zip(("another", odd, "spaces"), _ROWS, strict=True)
    ]
    path = write_journal(tmp_path / "j.jsonl", lines)
    assert _in_one_pass(path) == _row_by_row(path)


def test_lines_that_are_no_completions_cost_their_own_row_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = [completion_line(completion(request_id=row)) for row in _ROWS]
    odd = json.dumps(completion("x", request_id="r1").to_record() | {"colour": float("nan")}).encode() + b"\n"
    bad = [b"damaged\n", good[0].replace(b'"attempt":1', b'"attempt":1.0'), good[1].replace(b"replied", b"unheard of")]
    surrogate = completion_line(completion("\ud83d", request_id="r1"))
    path = tmp_path / "j.jsonl"
    path.write_bytes(b"".join([good[0], *bad, odd, surrogate, b"\n\0\n", good[2], good[1][:-9]]))

    settled = _settled(path)

    replies, problems = settled.part(0)
    assert replies["position"].tolist() == [0, 2]
    assert problems["position"].tolist() == [1]
    assert settled.attempts.tolist() == [1, 2, 1]
    [said] = [record.getMessage() for record in caplog.records]
    assert f"{path}: no valid completion in line 2 (no JSON), 3 (attempt is a number" in said
    assert "4 (status is unknown);" in said


def test_paid_calls_have_every_valid_line_of_any_plan(tmp_path: Path) -> None:
    lines = [completion(request_id="of another plan", latency_s=3), no_reply(request_id="r0"), completion(BAD)]
    path = write_journal(tmp_path / "j.jsonl", lines)
    paid = _settled(path).paid_calls.to_pandas()
    assert paid["request_id"].tolist() == ["of another plan", "r0", "r0"]
    assert paid["prompt_tokens_at_most"].tolist() == [pd.NA, 60, pd.NA]
    assert paid["latency_s"].tolist() == [3.0, 0.25, 0.25]
    assert [path.read_bytes()[start:][:size] for start, size in zip(paid["offset"], paid["size"], strict=True)] == [
        completion_line(line) for line in lines
    ]
