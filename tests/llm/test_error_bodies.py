"""The server's own sentence, out of error bodies of any shape."""

import json
import time
from typing import Any

import pytest

from synthetic_textcat.llm.error_bodies import has_reply, one_line, read_body
from synthetic_textcat.redaction import add_secret

_REASON = "the reason"


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": _REASON, "type": "invalid_request_error", "param": None, "code": None}},
        {"error": _REASON},
        {"error": {"error": {"message": _REASON}}},
        {"message": _REASON},
        {"detail": _REASON},
        {"detail": {"message": _REASON}},
        {"errors": [{"message": _REASON, "code": 7003}], "success": False},
        {"errors": [_REASON]},
        [{"error": {"code": 400, "message": _REASON, "status": "INVALID_ARGUMENT"}}],
        {"type": "error", "error": {"type": "invalid_request_error", "message": _REASON}},
        {"error_code": 18, "error_msg": _REASON},
        {"base_resp": {"status_code": 1008, "status_msg": _REASON}},
        {"object": "error", "message": _REASON, "code": 400},
        {"title": _REASON, "status": 400},
        {"error": "invalid_request", "error_description": _REASON},
        {"Error": {"Code": "ValidationException", "Message": _REASON}},
        {
            "error": {
                "message": "Provider returned error",
                "metadata": {"raw": json.dumps({"error": {"message": _REASON}})},
            }
        },
        {"choices": [{"error": {"code": 502, "message": _REASON}, "message": {"content": ""}}]},
        f"  {_REASON}\n",
        f"<html><head><title>{_REASON}</title></head><body><h1>Else</h1></body></html>",
        f"<html><script>let x = 1;</script><body><p>{_REASON}</p></body></html>",
        _REASON.encode("utf-16-be").decode("latin-1").replace("\0", "").encode(),
    ],
)
def test_the_servers_sentence_is_found(body: Any) -> None:
    for form in (body, body if isinstance(body, str | bytes) else json.dumps(body).encode()):
        assert _REASON in read_body(form).said


def test_a_wrong_field_is_named_with_its_place() -> None:
    detail = [
        {"type": "missing", "loc": ["body", "max_tokens"], "msg": "Field required", "input": {"messages": "secret"}}
    ]
    assert read_body({"detail": detail}).said == "Field required; body.max_tokens"


def test_reasons_are_told_and_the_prompt_is_not_repeated() -> None:
    metadata = {"reasons": ["harassment", "violence"], "flagged_input": "the prompt", "provider_name": "x"}
    said = read_body({"error": {"message": "flagged", "code": 403, "metadata": metadata}}).said
    assert said == "flagged; harassment.violence"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        ("<!DOCTYPE html><p>Hi", "html"),
        ("<!-- cached --><html>", "html"),
        ("<center><h1>502 Bad Gateway</h1>", "html"),
        ('<?xml version="1.0"?><Error/>', "xml"),
        ('data: {"choices": []}\n\n', "stream"),
        (": OPENROUTER PROCESSING\n\n", "stream"),
        ("OK", "text"),
        (b"\xff\xfe\x00\x01", "text"),
        ('{"id": "1", "cho', "broken"),
        ("[[[[" * 50_000, "broken"),
        ('{"status": "ok"}', "json"),
        ("[]", "json"),
        ('"a text"', "text"),
        ("{}", "json"),
        ('{"choices": null}', "no_reply"),
        ('{"choices": [{"message": null}]}', "no_reply"),
        ('{"error": {"message": "busy"}}', "error"),
        ('{"message": "busy", "code": 20012}', "error"),
        (None, ""),
    ],
)
def test_what_a_body_is(body: Any, kind: str) -> None:
    assert read_body(body).kind == kind


def test_the_content_type_tells_a_page_without_tags() -> None:
    assert read_body("Sign in", "text/html; charset=utf-8").kind == "html"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": {"code": 429, "message": "slow"}}, 429),
        ({"error": {"code": "502", "message": "down"}}, 502),
        ({"error": {"code": "1113", "message": "no money"}}, None),
        ({"error": {"code": 10**30, "message": "odd"}}, None),
        ({"error": {"code": True, "message": "odd"}}, None),
    ],
)
def test_a_body_may_name_the_status(body: Any, status: int | None) -> None:
    assert read_body(body).status == status


def test_foreign_text_becomes_a_short_line_without_controls() -> None:
    line = one_line("a\x1b[31m\x07\n b\u202ec \x9b2J " + "x" * 1000 + "\ud800")
    assert line.startswith("a[31m bc 2J xxx")
    assert len(line) == 300


def test_no_key_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
    assert "sk-0123456789" not in read_body({"error": {"message": "wrong key sk-0123456789"}}).said


@pytest.mark.parametrize(
    "body",
    [
        b"{" * 5_000_000,
        b"<script>" * 600_000,
        b"<title>" * 600_000,
        json.dumps({"error": {"message": "account " * 600_000}}).encode(),
        {"error": {"message": "account " * 600_000, "details": [{"reason": "x" * 1_000_000}] * 1_000}},
        {"errors": [{"message": "m", "errors": [{"message": "n"}] * 100}] * 100_000},
    ],
)
def test_a_body_of_megabytes_costs_little(body: Any) -> None:
    begun = time.process_time()
    read = read_body(body)
    assert time.process_time() - begun < 0.25
    assert len(read.said) <= 300
    assert len(read.words) <= 8_000


def test_a_completion_has_a_message_in_each_choice() -> None:
    choice = {"message": {"content": None}}
    assert has_reply({"choices": [choice]})
    others: list[Any] = [[], "text", {}, {"choices": [choice, {}]}, {"choices": [choice], "error": {"message": "cut"}}]
    assert not any(map(has_reply, others))


@pytest.mark.parametrize(
    "text", ["a key-cut-in-halves", " " * 7_990 + "key-cut-in-halves", "key-cut\u200b-in-\u200bhalves"]
)
@pytest.mark.parametrize("form", ['{{"error": {{"message": {}}}}}', "{}"])
def test_no_part_of_a_secret_is_left_where_a_text_is_cut_or_cleaned(text: str, form: str) -> None:
    add_secret("key-cut-in-halves")
    said = read_body(form.format(json.dumps(text)) if "error" in form else text).said
    assert said.endswith("***")
    assert "key" not in said
