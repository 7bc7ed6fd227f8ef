"""Registry of secret values, their encoded spellings, and masking of texts.

There is one registry per process, since environment, catalog and credentials belong to the process. It only grows, so
that a key that was changed in a notebook stays masked.
"""

import html
import json
import re
from functools import cached_property
from threading import Lock
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"

SHORTEST = 8
"""Least length of masked values, in characters. Local servers accept any key, such as the common word `none`."""

_ESCAPE = re.compile(r"\\\\*(?:u00|x)([0-9a-fA-F]{2})")  # one backslash first: `re` looks for that at once
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_ODD = "surrogateescape"  # a variable may hold bytes that are not valid text
_BACKSLASHES = r"\\+"  # several for JSON within JSON


class SecretRegistry:
    """Known secret values, and the places of values that are too short to be masked."""

    def __init__(self) -> None:
        self._secrets: dict[str, None] = {}
        self._public: set[str] = set()
        self._short: dict[str, None] = {}
        self._lock = Lock()
        self.matcher = Matcher(())

    def add(self, value: str, place: str) -> None:
        """Registers a secret value.

        Args:
            value: The secret; surrounding white space is ignored.
            place: Where it is configured, for a warning if it is too short; empty = no warning. Never the value itself.
        """
        secret = value.strip()
        if len(secret) < SHORTEST:
            if secret and place:
                self._short.setdefault(place)
            return
        with self._lock:
            if secret not in self._secrets:
                self._secrets[secret] = None
                self._prepare()

    def add_public(self, value: str) -> None:
        """Registers a value that is never masked, even if it is also configured as a secret."""
        with self._lock:
            if value not in self._public:
                self._public.add(value)
                self._prepare()

    def _prepare(self) -> None:
        self.matcher = Matcher(tuple(secret for secret in self._secrets if secret not in self._public))

    def short(self) -> list[str]:
        """Places of values that are too short to be masked."""
        return list(self._short)


class Matcher:
    """Matcher of a set of secrets. Immutable, so that threads can share it."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        # Longest first, since a secret may begin with another one.
        self._spellings = sorted({x for secret in secrets for x in spellings(secret)}, key=len, reverse=True)

    def mask(self, text: str) -> str:
        """The text with all spellings of the secrets replaced by `MASK`."""
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, MASK)
        if "\\" in text and ("\\u00" in text or "\\x" in text) and self._is_in(_ESCAPE.sub(_unescaped, text)):
            text = self._escaped.sub(MASK, text)
        return text

    def _is_in(self, text: str) -> bool:
        return any(spelling in text for spelling in self._spellings)

    @cached_property
    def _escaped(self) -> re.Pattern[str]:
        return re.compile("|".join(map(escaped_pattern, self._spellings)))


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


def spellings(secret: str) -> set[str]:
    """All literal spellings of a secret; usually one, since keys consist of letters and digits."""
    plain = {secret, " ".join(secret.split())}
    quoted = {
        form
        for text in plain
        for form in (quote(text, "", errors=_ODD), quote(text, errors=_ODD), quote_plus(text, errors=_ODD))
    }
    in_json = {json.dumps(text, ensure_ascii=ascii_only)[1:-1] for text in plain for ascii_only in (True, False)}
    twice_in_json = {json.dumps(text)[1:-1] for text in in_json}
    in_code = {form for text in plain for form in (repr(text)[1:-1], html.escape(text))}
    found = plain | quoted | set(map(_in_small_hex, quoted)) | in_json | twice_in_json | in_code
    return found | {form.replace("/", r"\/") for form in found}


def escaped_pattern(secret: str) -> str:
    r"""Pattern that matches the secret with any characters escaped as in JSON or Python: `\u0073`, `\x73`, `\/`."""
    return "".join(map(_escaped, secret))


def _escaped(character: str) -> str:
    code = ord(character)
    hexes = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{code:04x}")
    spelled = [f"u{hexes}"] if code <= 0xFFFF else []
    if code <= 0xFF:
        spelled.append("x" + hexes.removeprefix("00"))
    return f"(?:{_BACKSLASHES}(?:{'|'.join((*spelled, re.escape(character)))})|{re.escape(character)})"


def _in_small_hex(quoted: str) -> str:
    return _PERCENT.sub(lambda found: found[0].lower(), quoted)


_registry = SecretRegistry()


def add_secret(value: str, place: str = "") -> None:
    """Registers a secret value; `place` says where it is configured, for a warning if it is too short to be masked."""
    _registry.add(value, place)


def add_public(value: str) -> None:
    """Registers a value that is never masked, such as the model's name, which a header may repeat."""
    _registry.add_public(value)


def short_secrets() -> list[str]:
    """Places of configured values that are too short to be masked."""
    return _registry.short()


def mask(text: str) -> str:
    """The text with known secrets masked; for incoming foreign text. Takes microseconds."""
    return _registry.matcher.mask(text)


def mask_within(value: Any) -> Any:
    """The value with all texts in its lists and mappings masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [mask_within(item) for item in value]
    if isinstance(value, dict):
        return {mask_within(key): mask_within(item) for key, item in value.items()}
    return value
