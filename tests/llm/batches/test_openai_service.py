"""The adapter of the OpenAI protocol: lines of result files, and errors in them."""

import json

import pytest

from synthetic_textcat.llm.batches.openai_service import _result_line
from synthetic_textcat.llm.batches.transfers import lines_of


def test_lines_end_at_line_feeds_alone_wherever_the_transfer_is_cut() -> None:
    texts = ["a\u2028b", "c\u0085d", "e\x0bf"]
    content = "".join(json.dumps({"custom_id": text}, ensure_ascii=False) + "\n" for text in texts).encode()
    for size in (1, 7, len(content)):
        chunks = (content[start : start + size] for start in range(0, len(content), size))
        assert [json.loads(line)["custom_id"] for line in lines_of(chunks) if line] == texts


@pytest.mark.parametrize(
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


@pytest.mark.parametrize("line", ["", '{"custom_id":"x","resp', "[]", "7", '"text"', '{"response":{}}', "[" * 100_000])
def test_a_line_that_is_none_is_left_out(line: str) -> None:
    assert _result_line(line.encode()) is None
