"""Provider errors: the body of an error response, and its classification by status, code and words.

The known errors are rows of the provider files (`files`). All that a row names must match:

- `status`: HTTP statuses, `4xx` for a whole class.
- `body`: the kind of the body (`BODY_KINDS`).
- `code`: a code, type or status name in the body; `status_code=1008` where only one name's number counts.
- `exception`: the name of a class among the exception's own, its causes' and their bases'.
- `words`: a phrase in the server's sentences.

Case does not count, and `*` stands for anything of up to 200 characters, or for nothing: "model * not found" is also
"model not found". Rows are tried cause by cause, in the order
of `CAUSES_IN_ORDER`, the rows of providers before those of `any.csv`.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from synthetic_textcat.errors import nearest
from synthetic_textcat.llm.providers.files import ProviderFact, provider_facts
from synthetic_textcat.redaction import mask, redact
from synthetic_textcat.text.unicode import in_visible_line, replace_surrogates

CAUSES_IN_ORDER = (
    *("proxy_failed", "untrusted_certificate", "plain_http", "tls_expected", "bad_address", "tls_failed"),
    *("unknown_host", "no_route", "closed", "no_server", "transfer_broken", "connect_timeout", "redirected"),
    *("wrong_path", "content_filtered", "quota_exhausted", "bad_key", "no_access", "unknown_model", "too_long"),
    *("bad_setting", "rate_limited", "timeout", "server_error", "denied", "not_an_api"),
)
"""Causes of errors, in the order in which rows are tried. `transport_errors.CAUSES` says what follows from each."""

BODY_KINDS = ("empty", "html", "xml", "stream", "text", "broken", "error", "no_reply", "json")
"""Kinds of bodies: empty; a web page; XML; server-sent events; plain text; cut off or undecodable; an error in JSON; a
chat completion without a reply; other JSON."""

_TRACEBACK = "Traceback (most recent call last)"
_LONGEST_SENTENCE = 300
_LONGEST_TEXT = 8_000
"""Longest body that is read as JSON: enough for any error, and a bound on the cost of odd bodies."""
_LONGEST_JSON = 1_000_000
_DEEPEST = 6

_SENTENCES = (
    *("message", "Message", "detail", "details", "error_description", "error_msg", "errmsg", "err_msg", "msg"),
    *("status_msg", "title", "description", "raw", "reasons", "violations", "quotaId", "reason", "loc"),
)
"""Names of the fields in which servers describe an error."""

_CODES = ("code", "Code", "type", "__type", "status", "status_code", "statusCode", "error_code", "errcode", "reason")
_NESTED = ("error", "Error", "errors", "base_resp", "metadata", "innererror", "error_information")
_OF_AN_ERROR = ("error", "Error", "errors", "error_code", "error_msg", "detail")
_FIRST_ERROR, _LAST_ERROR = 400, 599

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_UNSEEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.IGNORECASE | re.DOTALL)
_PAGE = re.compile(r"\s*(<!--.*?-->\s*)?<(!doctype html|html|head|body|h1|center)\b", re.IGNORECASE | re.DOTALL)
_STREAM = re.compile(r"\s*(data|event|id|retry):|\s*: ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signs:
    """Features by which an answer is recognised.

    Attributes:
        status: The HTTP status, or the one that the body names; None where no answer came.
        body: The kind of body; empty where there is none to tell.
        codes: All codes of the body.
        exceptions: Class names of the exception and its causes.
        words: All that the server says.
    """

    status: int | None
    body: str
    codes: frozenset[str]
    exceptions: frozenset[str]
    words: str


@cache
def known_errors() -> tuple[ProviderFact, ...]:
    """The errors of all provider files, in the order in which they are tried.

    Raises:
        ValueError: If a row names an unknown cause.
    """
    return tuple(sorted(provider_facts("error"), key=_turn))


def _turn(row: ProviderFact) -> tuple[int, bool]:
    """Position at which a row is tried; rows of one position stay in the order of the files."""
    before = row.tried.removeprefix("before ") if row.tried.startswith("before ") else ""
    for cause in filter(None, (row.meaning, before)):
        if cause not in CAUSES_IN_ORDER:
            raise ValueError(f"{row.provider}.csv: unknown cause {cause!r}; {nearest(cause, CAUSES_IN_ORDER)}")
    if row.tried == "last":
        return len(CAUSES_IN_ORDER), False
    if row.tried and not before:
        raise ValueError(f"{row.provider}.csv: tried is {row.tried!r}; allowed: last, before <cause>")
    return CAUSES_IN_ORDER.index(before or row.meaning), not before


def first_match(signs: Signs) -> ProviderFact | None:
    """The row that explains an answer; None if none does."""
    return next((row for row in known_errors() if _matches(row, signs)), None)


def _matches(row: ProviderFact, signs: Signs) -> bool:
    """Whether all that the row names is there; empty columns match anything."""
    return (
        (not row.status or _has_status(row.status, signs.status))
        and (not row.body or row.body == signs.body)
        and (not row.code or _any_like(row.code, signs.codes))
        and (not row.exception or _any_like(row.exception, signs.exceptions))
        and (not row.words or _pattern(row.words).search(signs.words) is not None)
    )


def _has_status(wanted: str, status: int | None) -> bool:
    return status is not None and any(each in (str(status), f"{status // 100}xx") for each in wanted.split())


def _any_like(wanted: str, names: Iterable[str]) -> bool:
    pattern = _pattern(wanted)
    return any(pattern.fullmatch(name) for name in names)


@cache
def _pattern(wanted: str) -> re.Pattern[str]:
    """The regular expression of a text in which `*` stands for anything short, with one space where it is nothing."""
    parts = [".{0,200}?".join(map(re.escape, part.split("*"))) for part in wanted.split(" * ")]
    return re.compile("(?: .{0,200}?)? ".join(parts), re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """Content of a body.

    Attributes:
        kind: One of `BODY_KINDS`; empty where there was no body to look at.
        status: The HTTP status that the body names, where it names one.
        codes: Its codes, each also as `name=value`.
        said: The server's own sentence, fit for a line.
        words: All that it says, for a search.
        content: The body itself, read where it is JSON.
    """

    kind: str
    status: int | None
    codes: frozenset[str]
    said: str
    words: str
    content: Any


def read_body(body: Any, content_type: str = "") -> ErrorBody:
    """Reads the body of an answer that is no chat completion.

    Args:
        body: Bytes, text, or what a client library has read from JSON.
        content_type: As the server names it.
    """
    content = _decoded(body)
    kind = _kind_of_text(content, content_type) if isinstance(content, str) else _kind_of_json(content)
    if kind == "html":
        sentences = [_page_words(str(content))]
    elif isinstance(content, str):
        sentences = [_start(content)]
    else:
        content = _error_in_choice(content)
        sentences = list(dict.fromkeys(_sentences(content, 0)))
    codes = list(_codes(content, 0))
    status = next((int(x) for _, x in codes if x.isdecimal() and _FIRST_ERROR <= int(x[:9]) <= _LAST_ERROR), None)
    named = frozenset(each for name, value in codes for each in (value, f"{name}={value}"))
    return ErrorBody(kind, status, named, one_line("; ".join(sentences)), _start("\n".join(sentences)), content)


def one_line(text: str) -> str:
    """Foreign text in one short line, without keys and without invisible characters such as terminal controls.

    Redacted again after the clean-up, since the removed characters may have split a key.
    """
    visible = in_visible_line(redact(str(replace_surrogates(_start(_without_traceback(text))))))
    return redact(visible)[:_LONGEST_SENTENCE]


def _without_traceback(text: str) -> str:
    """The text before a Python traceback, as proxies and LiteLLM send it along; its last line if nothing is before."""
    said, traceback, frames = text.partition(_TRACEBACK)
    return said if said.strip() or not traceback else frames.strip().rpartition("\n")[2]


def _start(text: str) -> str:
    """The beginning of a text: redacted before it is cut, so that no part of a key is left at its end."""
    return mask(text[: 2 * _LONGEST_TEXT])[:_LONGEST_TEXT]


def has_reply(content: Any) -> bool:
    """Whether JSON is a chat completion with a message in each choice."""
    choices = content.get("choices") if isinstance(content, dict) else None
    return (
        isinstance(choices, list)
        and bool(choices)
        and all(isinstance(each, dict) and isinstance(each.get("message"), dict) for each in choices)
        and not any(each.get("error") for each in (content, *choices))
    )


def _decoded(body: Any) -> Any:
    if isinstance(body, bytes | bytearray):
        body = bytes(body[: 4 * _LONGEST_JSON]).decode("utf-8", "replace")
    if not isinstance(body, str) or not body.lstrip().startswith(("{", "[", '"')) or len(body) > _LONGEST_JSON:
        return body
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def _kind_of_text(text: str, content_type: str) -> str:
    start = text[:_LONGEST_TEXT]
    if not start.strip():
        return "empty"
    if _PAGE.match(start) or "text/html" in content_type.lower():
        return "html"
    if _STREAM.match(start) or "event-stream" in content_type.lower():
        return "stream"
    if start.lstrip().startswith("<"):
        return "xml"
    return "broken" if start.lstrip().startswith(("{", "[")) else "text"


def _kind_of_json(content: Any) -> str:
    if content is None:
        return ""
    holder = content[0] if isinstance(content, list) and content else content
    if not isinstance(holder, dict):
        return "json"
    base = holder.get("base_resp")
    failed = isinstance(base, dict) and base.get("status_code") not in (0, None)
    if failed or any(holder.get(name) for name in _OF_AN_ERROR) or _error_in_choice(holder) is not holder:
        return "error"
    if "choices" in holder:
        return "no_reply"
    return "error" if holder.get("message") and (holder.get("code") or holder.get("type")) else "json"


def _error_in_choice(content: Any) -> Any:
    """Error that OpenRouter puts into the choice of a reply that broke off."""
    choices = content.get("choices") if isinstance(content, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    error = first.get("error") if isinstance(first, dict) else None
    return {"error": error} if error else content


def _sentences(content: Any, depth: int) -> Iterator[str]:
    """The server's sentence, in the order of the names above; a text that is JSON itself is read too."""
    if depth > _DEEPEST:
        return
    if isinstance(content, str):
        inner = _decoded(content) if content.lstrip().startswith(("{", "[")) else content
        if isinstance(inner, str):
            yield from [_start(inner)] if inner.strip() else []
        else:
            yield from _sentences(inner, depth + 1)
    elif isinstance(content, list):
        if content and all(isinstance(each, str | int) for each in content):
            yield ".".join(map(str, content[:10]))  # FastAPI's place of a wrong field, or a list of reasons
        else:
            for each in content[:10]:
                yield from _sentences(each, depth + 1)
    elif isinstance(content, dict):
        for name in (*_NESTED[:3], *_SENTENCES, *_NESTED[3:]):
            if isinstance(content.get(name), str | list | dict):
                yield from _sentences(content[name], depth + 1)


def _codes(content: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        return
    if isinstance(content, list):
        for each in content[:10]:
            yield from _codes(each, depth + 1)
    elif isinstance(content, dict):
        for name, value in content.items():
            if name in _CODES and isinstance(value, str | int) and not isinstance(value, bool):
                yield name, str(value)[:100]
            elif name in (*_NESTED, "detail", "details") and isinstance(value, list | dict):
                yield from _codes(value, depth + 1)


def _page_words(page: str) -> str:
    """A web page's title, else its first words."""
    start = _start(page)
    title = _TITLE.search(start)
    text = title[1] if title and title[1].strip() else _UNSEEN.sub(" ", start)
    return html.unescape(text)[:_LONGEST_TEXT]
