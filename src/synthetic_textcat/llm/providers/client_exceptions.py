"""Exceptions of client libraries: status, body, headers and address of the response, and its Retry-After.

No SDK is imported. Each SDK keeps these values under one of a few names, in the exception or in one of its causes.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from synthetic_textcat.errors import causes
from synthetic_textcat.llm.providers.errors import ErrorBody, Signs, one_line, read_body
from synthetic_textcat.redaction import mask, redact

_UNREADABLE_ANSWER = "HttpProcessingError"
"""aiohttp's exception for an answer that is no HTTP: it bears status 400, which no server sent."""

_UNDECODED = ("empty", "text", "broken")
_WITHOUT_SENTENCE = ("json", "no_reply")
_STATUS = ("status_code", "code", "status", "http_status")
_BODY = ("body", "details", "doc")
_LOWEST_STATUS, _HIGHEST_STATUS = 200, 599
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|d|h|m|s)", re.IGNORECASE)
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_IN_WORDS = re.compile(
    r"(?:try again|retry)\s+(?:in|after)\s+((?:\d+(?:\.\d+)?\s*(?:ms|[dhms])(?![a-z])\s*)+|\d+(?:\.\d+)?\s*seconds?)",
    re.I,
)
_MILLISECONDS_EPOCH = 1e11
_SECONDS_EPOCH = 1e8


@dataclass(frozen=True, slots=True)
class ClientException:
    """An exception, read.

    Attributes:
        signs: Features by which it is recognised.
        http_status: The status of the HTTP answer, whatever its body says; None where there was none.
        said: The server's message, or that of the library where no server answered.
        address: The URL that was asked, without user, query and keys; None if the exception does not name it.
        location: Where a redirect points to.
        retry_after_s: Seconds that the server asks to wait.
        name: The exception's class.
        content: The body, read from JSON where it is JSON.
    """

    signs: Signs
    http_status: int | None
    said: str
    address: str | None
    location: str | None
    retry_after_s: float | None
    name: str
    content: Any


def read_exception(error: BaseException) -> ClientException:
    """Reads an exception and its causes."""
    chain = [each for each in causes(error) if isinstance(each, Exception)]
    names = frozenset(kind.__name__ for each in chain for kind in type(each).__mro__)
    status = None if _UNREADABLE_ANSWER in names else _first(_status_of(each) for each in chain)
    headers = _first(_headers_of(each) for each in chain) or {}
    raw_body = _first(_body_of(each) for each in chain)
    body = read_body(raw_body, str(headers.get("content-type", "")))
    heard = status is not None or bool(body.kind)
    kind = body.kind or ("empty" if status is not None else "")
    if kind in _UNDECODED and str(headers.get("content-encoding", "identity")) != "identity":
        kind = "broken"  # compressed, and cut off or in a form that the client can't read
    return ClientException(
        signs=Signs(
            status=status if status is not None and status >= 300 else body.status or status,
            body=kind,
            codes=body.codes | frozenset(code for each in chain for code in _codes_of(each)),
            exceptions=names,
            words=body.words or "\n".join(map(_text_of, chain)),
        ),
        http_status=status,
        said=_said(chain, body),
        address=_first(_address_of(each) for each in chain),
        location=_location(headers.get("location")),
        retry_after_s=retry_after_s(headers, body.content, body.words) if heard else None,
        name=type(error).__name__,
        content=body.content,
    )


def _first(found: Iterator[Any]) -> Any:
    return next((each for each in found if each is not None), None)


def _get(holder: Any, name: str) -> Any:
    """An attribute or entry; None where there is none, or where a property raises, as httpx's `request` may."""
    try:
        return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)
    except Exception:  # noqa: BLE001  a library's property may raise anything
        return None


def _status_of(error: BaseException) -> int | None:
    """OpenAI, Anthropic, Ollama: status_code; Google: code; aiohttp: status; httpx: the response's; boto: within it."""
    response = _get(error, "response")
    named = [*((error, name) for name in _STATUS), (response, "status_code"), (response, "status")]
    values = [_get(holder, name) for holder, name in named]
    values.append(_get(_get(response, "ResponseMetadata"), "HTTPStatusCode"))
    return next((int(x) for x in values if _is_status(x)), None)


def _is_status(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and _LOWEST_STATUS <= value <= _HIGHEST_STATUS


def _headers_of(error: BaseException) -> dict[str, Any] | None:
    response = _get(error, "response")
    for headers in (
        _get(response, "headers"),
        _get(error, "headers"),
        _get(_get(response, "ResponseMetadata"), "HTTPHeaders"),
    ):
        if isinstance(headers, Mapping):
            return {str(name).lower(): value for name, value in headers.items()}
    return None


def _body_of(error: BaseException) -> Any:
    """The body as it came, where the response still has it; else as the library keeps it."""
    response = _get(error, "response")
    content = response if isinstance(response, Mapping) else _get(response, "content")
    if not isinstance(content, Mapping | str | bytes | list):
        content = None  # aiohttp's is a stream that the library has read
    if content:
        return content
    for name in _BODY:
        body = _get(error, name)
        if isinstance(body, Mapping) or (body and name != "details" and isinstance(body, str | bytes | list)):
            return body
    argument = error.args[0] if error.args else None
    if isinstance(argument, Mapping):  # LangChain raises a body's `error` in a ValueError
        return {"error": dict(argument)}
    return "" if content is not None and not isinstance(response, Mapping) else None


def _codes_of(error: BaseException) -> Iterator[str]:
    for name in ("code", "type", "status", "reason"):
        value = _get(error, name)
        if isinstance(value, str):
            yield value


def _text_of(error: BaseException) -> str:
    """Message of an exception without keys; its class name where its `message` is no text, as aiohttp's."""
    message = _get(error, "message")
    if message is not None and not isinstance(message, str) and not callable(message):
        return type(error).__name__  # aiohttp keeps half an answer there
    said = message if message and isinstance(message, str) else str(error)
    return mask(said[:10_000])[:1_000]


def _said(chain: list[Exception], body: ErrorBody) -> str:
    """The server's message; where no server answered, that of the deepest cause, which names the fault."""
    spoken = [line for each in chain if (line := one_line(_text_of(each)))]
    if body.said or not spoken:
        return body.said or type(chain[-1]).__name__
    if body.kind in _WITHOUT_SENTENCE:
        return one_line(json.dumps(body.content, ensure_ascii=False, default=str))
    return spoken[0] if _status_of(chain[0]) is not None else spoken[-1]


def _address_of(error: BaseException) -> str | None:
    for holder in (_get(error, "request"), _get(error, "response"), _get(error, "request_info")):
        for name in ("url", "real_url"):
            url = _get(holder, name)
            if url is not None:
                return shown_address(str(url))
    host, port = _get(error, "host"), _get(error, "port")
    return redact(f"{host}:{port}") if isinstance(host, str) and isinstance(port, int) else None


def shown_address(url: str) -> str:
    """A URL without user and query, either of which may hold a secret."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return one_line(url)
    return one_line(f"{parts.scheme}://{host}{parts.path}" if host else parts.path)


def _location(value: Any) -> str | None:
    return shown_address(str(value)) if value else None


def retry_after_s(headers: Mapping[str, Any], content: Any, words: str, now: datetime | None = None) -> float | None:
    """Seconds until the server wants to be asked again; None where it does not say.

    `Retry-After` (seconds or a date) and `retry-after-ms` go first, then what the body says (Google's `retryDelay`, a
    sentence such as "try again in 6m0s", Hugging Face's `estimated_time`), then the reset times of limits that are used
    up (`x-ratelimit-reset-requests: 1s`, `anthropic-ratelimit-tokens-reset`, ...).

    Args:
        headers: The answer's, by lower-case name.
        content: The body, read from JSON.
        words: What the body says.
        now: The time, for dates in the headers; the server's own `Date` where None.
    """
    now = now or _date(headers.get("date")) or datetime.now(UTC)
    if (seconds := _number(headers.get("retry-after-ms"))) is not None:
        return seconds / 1000
    candidates = (
        _seconds(headers.get("retry-after"), now),
        _from_body(content, 0),
        _from_words(words),
        max(_resets(headers, now), default=None),
    )
    return next((seconds for seconds in candidates if seconds is not None), None)


def _resets(headers: Mapping[str, Any], now: datetime) -> Iterator[float]:
    """The reset times of used-up limits."""
    for name, value in headers.items():
        if "ratelimit" in name and "reset" in name:
            left = headers.get(name.replace("reset", "remaining"))
            if left is None or _number(left) == 0:
                seconds = _seconds(value, now)
                if seconds is not None:
                    yield seconds


def _seconds(value: Any, now: datetime) -> float | None:
    """A wait from a number, a duration, a moment since 1970, or a date."""
    number = _number(value)
    if number is not None:
        if number > _MILLISECONDS_EPOCH:
            return max(0.0, number / 1000 - now.timestamp())
        return max(0.0, number - now.timestamp()) if number > _SECONDS_EPOCH else number
    text = str(value or "").strip()
    if text and not _DURATION.sub("", text).strip():
        return _duration(text)
    moment = _date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def _duration(text: str) -> float:
    return sum(float(number) * _UNITS_S[unit.lower()] for number, unit in _DURATION.findall(text))


def _number(value: Any) -> float | None:
    try:
        number = float(str(value).strip())
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _date(value: Any) -> datetime | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(str(value))
        except (ValueError, TypeError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _from_words(words: str) -> float | None:
    found = _IN_WORDS.search(words)
    if found is None:
        return None
    return _duration(re.sub(r"seconds?", "s", found[1], flags=re.IGNORECASE))


def _from_body(content: Any, depth: int) -> float | None:
    if depth > 5:
        return None
    if isinstance(content, list):
        found = (_from_body(each, depth + 1) for each in content[:10])
        return next((seconds for seconds in found if seconds is not None), None)
    if not isinstance(content, dict):
        return None
    for name in ("retryDelay", "retry_after", "estimated_time"):
        seconds = _number(content.get(name))
        if seconds is None and isinstance(content.get(name), str) and _DURATION.fullmatch(content[name].strip()):
            seconds = _duration(content[name])
        if seconds is not None:
            return seconds
    found = (_from_body(content.get(name), depth + 1) for name in ("error", "details", "metadata"))
    return next((seconds for seconds in found if seconds is not None), None)
