"""Secrets in texts: where they are learnt, in which spellings they are found, and what stays as it is."""

import base64
import html
import json
import timeit
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from synthetic_textcat.redaction import (
    add_public,
    learn_command_line,
    learn_credentials,
    learn_settings,
    mask,
    mask_within,
    redact,
    short_secrets,
)
from synthetic_textcat.redaction.registry import Matcher
from tests.support.each_case import each_of

_AWKWARD = 'pa"ss\\w/0rd +é%'


def _in_escapes(text: str, form: str) -> str:
    return "".join(form.format(ord(character)) for character in text)


@pytest.mark.parametrize(
    "spelled",
    [
        pytest.param(_AWKWARD, id="plain"),
        pytest.param(json.dumps(_AWKWARD), id="json"),
        pytest.param(json.dumps(json.dumps(_AWKWARD)), id="json in json"),
        pytest.param(json.dumps(_AWKWARD, ensure_ascii=False), id="json in UTF-8"),
        pytest.param(json.dumps(_AWKWARD).replace("/", "\\/"), id="json with escaped slashes"),
        pytest.param(quote(_AWKWARD), id="path"),
        pytest.param(quote(_AWKWARD, safe=""), id="quoted"),
        pytest.param(quote(_AWKWARD, safe="").lower(), id="quoted in small letters"),
        pytest.param(quote_plus(_AWKWARD), id="form"),
        pytest.param(html.escape(_AWKWARD), id="html"),
        pytest.param(repr(_AWKWARD), id="repr"),
        pytest.param(repr(_AWKWARD.encode("latin-1")), id="repr of bytes"),
        pytest.param(_in_escapes(_AWKWARD, "\\u{:04x}"), id="all in escapes"),
        pytest.param(_in_escapes(_AWKWARD, "\\u{:04X}"), id="all in large escapes"),
        pytest.param(_in_escapes(_AWKWARD, "\\\\u{:04x}"), id="escapes in json"),
        pytest.param(_AWKWARD[:2] + _in_escapes(_AWKWARD[2:], "\\x{:02x}"), id="some in escapes"),
        pytest.param(_in_escapes(quote(_AWKWARD, safe=""), "\\u{:04x}"), id="escapes of quoted"),
    ],
)
def test_a_secret_is_found_in_each_spelling(spelled: str) -> None:
    masked = Matcher((_AWKWARD,)).mask(f"before {spelled} after")
    assert masked.replace('"', "").replace("'", "").replace("\\", "").replace("b", "") == "efore *** after"


def test_a_secret_that_begins_with_another_one_is_masked_whole() -> None:
    assert Matcher(("sk-abc123", "sk-abc123-long")).mask("sk-abc123-long, sk-abc123") == "***, ***"


def test_texts_without_secrets_stay_the_same_object() -> None:
    text = 'caf\\u00e9 \\x41 "quoted" \\n'
    assert Matcher((_AWKWARD,)).mask(text) is text


def test_a_reply_is_masked_in_microseconds() -> None:
    matcher = Matcher(tuple(f"sk-proj-{number:030d}" for number in range(10)))
    reply = ('{"input_text": "The lantern beside the window,\\n a kettle in the corner. ' * 8)[:500]
    best = min(timeit.repeat(lambda: matcher.mask(reply), number=200, repeat=20)) / 200
    assert best < 50e-6  # 2 on an idle machine


@each_of(
    ("settings", "secret"),
    [
        ({"default_headers": {"X-Team": "header-value-1"}}, "header-value-1"),
        ({"client_kwargs": {"headers": [["X-Api-Key", "header-value-2"]]}}, "header-value-2"),
        ({"default_headers": {"Authorization": "Bearer bearer-value-3"}}, "bearer-value-3"),
        ({"default_headers": {"Cookie": "a=1; session=cookie-value-4"}}, "cookie-value-4"),
        ({"default_headers": {"X-Account": 1234567890}}, "1234567890"),
        ({"default_query": {"signature": "query-value-5"}}, "query-value-5"),
        ({"base_url": "https://host/v1?code=query-value-6%2B"}, "query-value-6+"),
        ({"base_url": "https://me:pass-word-7%40@host/v1"}, "pass-word-7@"),
        ({"base_url": "https://key-as-user-8@host/v1"}, "key-as-user-8"),
        ({"base_url": "https://gateway/v1/0123456789abcdef01234567/openai"}, "0123456789abcdef01234567"),
        ({"proxies": ["http://me:pass-word-9@proxy:3128"]}, "pass-word-9"),
        ({"aws_secret_access_key": "aws-secret-10", "region_name": "eu-central-1"}, "aws-secret-10"),
        ({"model_kwargs": {"deep": [{"clientSecret": "client-secret-11"}]}}, "client-secret-11"),
        ({"connection_string": "Endpoint=x;AccountKey=account-key-12;"}, "account-key-12"),
        ({"credentials": '{"type": "service", "private_key": "private-key-13"}'}, "private-key-13"),
        ({"private_key": "-----BEGIN-----\nMIIEvQIBADANBgkq14\n-----END-----"}, "MIIEvQIBADANBgkq14"),
    ],
)
def test_secrets_are_learnt_from_settings(settings: dict[str, Any], secret: str) -> None:
    learn_settings(settings, "the catalog entry llm")
    assert mask(f"({secret})") == "(***)"


def test_basic_authentication_is_learnt_encoded_and_decoded() -> None:
    encoded = base64.b64encode(b"me:basic-word-1").decode()
    learn_settings({"headers": {"Authorization": f"Basic {encoded}"}, "url": "http://me:basic-word-2@host"}, "")
    other = base64.b64encode(b"me:basic-word-2").decode()
    assert mask(f"{encoded} basic-word-1 {other.rstrip('=')} basic-word-2") == "*** *** *** ***"


def test_what_is_public_is_not_masked() -> None:
    public = {
        "model": "public-model-name",
        "region_name": "public-region-1",
        "api_version": "2024-10-21-preview",
        "base_url": "https://public-host.example/public-path/v1?api-version=2024-10-21",
        "default_headers": {"User-Agent": "public-agent", "HTTP-Referer": "https://public-site.example"},
        "max_tokens": 12345678,
        "streaming": True,
    }
    learn_settings(public, "")
    text = "public-model-name public-region-1 2024-10-21 public-host.example public-path public-agent 12345678 True"
    assert mask(text) == text


def test_a_header_that_repeats_the_models_name_does_not_mask_it() -> None:
    learn_settings({"headers": {"X-Model": "the-models-name"}}, "")
    add_public("the-models-name")
    assert mask("the-models-name") == "the-models-name"


def test_all_credentials_are_secret_but_places_and_kinds() -> None:
    learn_credentials(
        {"s3": {"key": "creds-key-1", "odd": "creds-odd-1", "client_kwargs": {"region_name": "eu-far"}}}, ""
    )
    assert mask("creds-key-1 creds-odd-1 eu-far") == "*** *** eu-far"


def test_values_that_are_too_short_are_not_masked_and_their_places_are_reported() -> None:
    settings = {"default_headers": {"X-Short": "abc-1"}, "default_query": {"k": "x"}, "proxy": "http://u:pw@h:1"}
    learn_settings(settings, "the entry")
    assert mask("abc-1") == "abc-1"
    assert {
        "header X-Short of default_headers of the entry",
        "query parameter k of default_query of the entry",
        "the user of proxy of the entry",
    } <= set(short_secrets())
    assert "abc-1" not in " ".join(short_secrets())


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("SOME_TOKEN", "env-token-1", "env-token-1"),
        ("OPENAI_API_KEY", "env-key-2\n", "env-key-2"),
        ("HTTPS_PROXY", "http://me:env-word-3@proxy:3128", "env-word-3"),
        ("MLFLOW_TRACKING_URI", "https://me:env-word-4@tracking", "env-word-4"),
        ("OPENAI_BASE_URL", "https://host/v1?anything=env-value-5", "env-value-5"),
        ("SOME_URL", "https://host/?access_token=env-value-6&page=not-secret", "env-value-6"),
        ("OPENAI_CUSTOM_HEADERS", "X-One: env-value-7\nX-Two: other", "env-value-7"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-one=env-value-8,x-two=other", "env-value-8"),
    ],
)
def test_secrets_are_learnt_from_the_environment(
    name: str, value: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert redact(f"({secret}) not-secret") == "(***) not-secret"


def test_a_variable_that_names_a_file_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", __file__)
    assert redact(__file__) == __file__


def test_secrets_are_learnt_from_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["kedro", "run", "--params", "llm.model=m,llm.api_key=typed-key-1"])
    learn_command_line()
    assert redact("llm.model=m,llm.api_key=typed-key-1") == "llm.model=m,llm.api_key=***"


def test_the_user_of_any_address_is_redacted_in_what_we_say() -> None:
    assert redact("at https://who:unknown@host/v1") == "at https://***@host/v1"
    assert redact("at https://host/v1 mail me@host") == "at https://host/v1 mail me@host"


def test_texts_within_lists_and_mappings_are_masked() -> None:
    learn_settings({"token": "nested-token-1"}, "")
    assert mask_within({"a": ["nested-token-1", 1, None]}) == {"a": ["***", 1, None]}


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "ANOTHER_API_KEY", "HF_TOKEN"])
def test_no_key_of_the_environment_is_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "sk-abc123")
    assert redact("Incorrect API key: sk-abc123, (sk-abc123)") == "Incorrect API key: ***, (***)"


def test_a_text_without_a_key_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("SOME_PATH", "plain")
    assert redact("a plain text") == "a plain text"
