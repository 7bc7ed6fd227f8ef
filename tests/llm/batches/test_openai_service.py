"""The adapter of the OpenAI protocol: lines of result files, and errors in them."""

import json
from pathlib import Path
from typing import Any

import pytest

from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.llm.batches.collector import BatchCollector
from synthetic_textcat.llm.batches.openai_service import _result_line
from synthetic_textcat.llm.batches.record import SentBatch, SentRow, now
from synthetic_textcat.llm.batches.service import BatchState, ResultLine
from synthetic_textcat.llm.batches.transfers import ascii_line, lines_of
from tests.llm.batches.running import service
from tests.llm.builders import fingerprint
from tests.support.each_case import each_of


def test_lines_end_at_line_feeds_alone_wherever_the_transfer_is_cut() -> None:
    texts = ["a\u2028b", "c\u0085d", "e\x0bf"]
    content = "".join(json.dumps({"custom_id": text}, ensure_ascii=False) + "\n" for text in texts).encode()
    for size in (1, 7, len(content)):
        chunks = (content[start : start + size] for start in range(0, len(content), size))
        assert [json.loads(line)["custom_id"] for line in lines_of(chunks) if line] == texts


@each_of("text", ["plain", "a\u2028b", "Straße", "\ud800", '"\\\n\x7f\x00', "😀"])
def test_a_line_of_an_input_file_is_one_line_of_ascii(text: str) -> None:
    for value in ({"text": text}, {text: [text, 10**30, 0.1, None, True]}):
        line = ascii_line(value)
        assert line.isascii()
        assert len(line.decode().splitlines()) == 1
        assert json.loads(line) == value


@each_of(
    ("line", "status", "was_made"),
    [
        ('{"custom_id":"x","response":{"status_code":200,"body":{}},"error":null}', 200, True),
        ('{"custom_id":"x","response":{"status_code":429,"body":{"error":{}}},"error":null}', 429, True),
        ('{"custom_id":"x","response":null,"error":{"code":"batch_expired","message":"late"}}', None, False),
        ('{"custom_id":"x","response":null,"error":{"code":"batch_cancelled","message":"late"}}', None, False),
        ('{"custom_id":"x","response":null,"error":{"code":"server_error","message":"broken"}}', None, True),
        ('{"custom_id":"x"}', None, True),
    ],
)
def test_a_result_line_says_whether_the_request_was_made(line: str, status: int | None, was_made: bool) -> None:
    found = _result_line(line.encode())
    assert found is not None
    assert (found.custom_id, found.http_status, found.was_made) == ("x", status, was_made)


@each_of("line", ["", '{"custom_id":"x","resp', "[]", "7", '"text"', '{"response":{}}', "[" * 100_000])
def test_a_line_that_is_none_is_left_out(line: str) -> None:
    assert _result_line(line.encode()) is None


_ODD = {
    "content that is a number": {"role": "assistant", "content": 7},
    "tool calls that are a text": {"role": "assistant", "content": "x", "tool_calls": "y"},
    "tool calls without a function": {"role": "assistant", "content": "x", "tool_calls": [{"id": "t"}]},
    "no role": {"content": "x"},
    "arguments that are an object": {"tool_calls": [{"id": "t", "function": {"name": "f", "arguments": {"a": 1}}}]},
}


class OddResults:
    """The real adapter, with results from this process."""

    def __init__(self, own: Any, bodies: dict[str, Any]) -> None:
        self.answer = own.answer
        self._bodies = bodies

    def results(self, _: BatchState) -> Any:
        for name, body in self._bodies.items():
            yield ResultLine(fingerprint(name), body, 200)


def test_a_reply_of_an_unknown_form_costs_at_most_its_own_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = service("http://127.0.0.1:1/v1", monkeypatch)
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    bodies: dict[str, Any] = {
        name: {"model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
        for name, message in _ODD.items()
    }
    bodies |= {"a list": [], "null": None, "a text": "x", "no choices": {"choices": []}, "choices": {"choices": [7]}}
    bodies["good"] = bodies["no role"] | {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"}]
    }
    rows = {fingerprint(name): SentRow(fingerprint(name), name, "1" * 64, None, 30, 20) for name in bodies}
    batch = SentBatch(
        intent="i", attempt=1, requests=len(rows), input_sha256="", endpoint="e", model="m", run_id="r", sent_at=now(),
        enqueued=1, tokens_reserved=1.0, usd_reserved=None,
    )  # fmt: skip
    collector = BatchCollector(OddResults(own, bodies), batch, rows, (), "r", {})  # type: ignore[arg-type]

    lines = [
        line for chunk in collector.fetched(BatchState(batch_id="b", status="", end="completed")) for line in chunk
    ]

    found = {line.request_id: line for line in lines}
    assert set(found) == set(bodies)
    assert found["good"].raw_text == "fine"
    assert {name for name, line in found.items() if line.replied} == {*_ODD, "good"}  # paid for, and read
    assert all(line.prompt_tokens == 5 for line in lines if line.replied)
    journal = JournalDataset(filepath=str(tmp_path / "completions.jsonl"))
    journal.save(lines)
    assert len(list(journal.load())) == len(lines)
