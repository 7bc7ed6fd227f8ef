"""Registry of secret values: the spellings in which they travel, and redaction by them.

There is one registry a process, since secrets are the process's: environment, catalog and credentials. It only grows,
so that a key that was changed in a notebook stays masked.
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
"""Characters from which on a value is masked. Local servers take any text for a key, such as `none`, a common word."""

_ESCAPE = re.compile(r"\\+(?:u00|x)([0-9a-fA-F]{2})")
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_ODD = "surrogateescape"  # a variable may hold bytes that are no text
_BACKSLASHES = r"\\+"  # one more for each time that JSON stands in JSON


class SecretRegistry:
    """Secret values, ready to be looked for, and the places of those that are too short for it."""

    def __init__(self) -> None:
        self._secrets: dict[str, None] = {}
        self._public: set[str] = set()
        self._short: dict[str, None] = {}
        self._lock = Lock()
        self.matcher = Matcher(())

    def add(self, value: str, place: str) -> None:
        """Notes a secret value.

        Args:
            value: The secret; blanks around it do not count.
            place: Where it is configured, for the user, if its being too short is to be told; it never holds the value.
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
        """Notes a value that is never masked, though it may also stand where secrets do."""
        with self._lock:
            if value not in self._public:
                self._public.add(value)
                self._prepare()

    def _prepare(self) -> None:
        self.matcher = Matcher(tuple(secret for secret in self._secrets if secret not in self._public))

    def short(self) -> list[str]:
        """The places whose values are too short to be masked."""
        return list(self._short)


class Matcher:
    """Finds some secrets in texts. Immutable, so that threads share it."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        # A secret may begin with another one, so longer ones come first.
        self._spellings = sorted({x for secret in secrets for x in spellings(secret)}, key=len, reverse=True)

    def mask(self, text: str) -> str:
        """The text with each secret, in any of its spellings, replaced by `MASK`."""
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, MASK)
        if ("\\u00" in text or "\\x" in text) and self._is_in(_ESCAPE.sub(_unescaped, text)):
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
    """All literal spellings of a secret; mostly that is one, since a key is made of letters and digits."""
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
    r"""A pattern of the secret with any of its characters escaped, as JSON or Python may: `\u0073`, `\x73`, `\/`."""
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
    """Notes a secret value, and where it is configured if the user is to hear that it is too short to be masked."""
    _registry.add(value, place)


def add_public(value: str) -> None:
    """Notes a value that is never masked: the model's name, which a header may repeat."""
    _registry.add_public(value)


def short_secrets() -> list[str]:
    """The places of configured values that are too short to be masked."""
    return _registry.short()


def mask(text: str) -> str:
    """The text without the secrets that are known: for texts of others, as they come in. Takes microseconds."""
    return _registry.matcher.mask(text)


def mask_within(value: Any) -> Any:
    """The value with the texts in its lists and mappings masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [mask_within(item) for item in value]
    if isinstance(value, dict):
        return {mask_within(key): mask_within(item) for key, item in value.items()}
    return value
