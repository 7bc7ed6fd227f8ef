"""The adapter of Anthropic's wire format, as far as it goes without the SDK: states, and lines of results."""

import io
import json

import pytest

from synthetic_textcat.errors import BadRequestError
from synthetic_textcat.llm.batches.anthropic_service import _body, batch_state, result_line
from synthetic_textcat.llm.batches.service import ENDED_EARLY
from synthetic_textcat.llm.batches.transfers import answer_of_error
from tests.support.each_case import each_of

_COUNTS = {"processing": 0, "succeeded": 3, "errored": 0, "canceled": 0, "expired": 0}


@each_of(
    ("status", "counts", "shown", "end"),
    [
        ("in_progress", {"processing": 3, "succeeded": 0}, "in_progress", None),
        ("canceling", {"processing": 3, "succeeded": 0}, "canceling", None),
        ("ended", {}, "completed", "completed"),
        ("ended", {"errored": 2}, "completed", "completed"),
        ("ended", {"expired": 2}, "expired", "expired"),
        ("ended", {"canceled": 1, "expired": 1}, "cancelled", "cancelled"),
    ],
)
def test_the_counts_tell_how_a_batch_ended(status: str, counts: dict[str, int], shown: str, end: str | None) -> None:
    url = "https://elsewhere.invalid/results" if status == "ended" else None
    batch = {"id": "b", "processing_status": status, "request_counts": _COUNTS | counts, "results_url": url}
    state = batch_state(batch)
    assert (state.status, state.end, state.total) == (shown, end, sum((_COUNTS | counts).values()))
    assert state.sources == (("b",) if url else ())
    assert (state.end in ENDED_EARLY) == (end in ("expired", "cancelled"))


@each_of(
    ("result", "status", "was_made", "is_billed"),
    [
        ({"type": "succeeded", "message": {}}, 200, True, True),
        ({"type": "errored", "error": {"error": {"type": "api_error"}}}, 500, True, False),
        ({"type": "errored", "error": {"error": {"type": "invalid_request_error"}}}, 400, True, False),
        ({"type": "errored"}, None, True, False),
        ({"type": "expired"}, None, False, True),
        ({"type": "canceled"}, None, False, True),
    ],
)
def test_a_result_says_whether_the_request_was_made_and_is_billed(
    result: dict[str, object], status: int | None, was_made: bool, is_billed: bool
) -> None:
    found = result_line(json.dumps({"custom_id": "x", "result": result}).encode())
    assert found is not None
    assert (found.custom_id, found.http_status, found.was_made, found.is_billed) == ("x", status, was_made, is_billed)


@each_of("line", ["", '{"custom_id":"x","resu', "[]", '{"custom_id":"x"}', '{"custom_id":"x","result":7}'])
def test_a_line_that_is_none_is_left_out(line: str) -> None:
    assert result_line(line.encode()) is None


def test_an_error_of_a_line_is_read_as_that_of_a_live_call() -> None:
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": "messages: too few"}}
    line = result_line(json.dumps({"custom_id": "x", "result": {"type": "errored", "error": error}}).encode())
    assert line is not None
    with pytest.raises(BadRequestError, match="messages: too few"):
        answer_of_error(line)


def test_the_body_of_a_creation_is_written_line_by_line() -> None:
    lines = [{"custom_id": str(number), "params": {"text": "a\u2028b"}} for number in range(3)]
    file = io.BytesIO("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
    assert json.loads(b"".join(_body(file))) == {"requests": lines}
