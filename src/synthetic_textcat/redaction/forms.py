"""The spellings in which a secret travels: quoted for a URL, escaped in JSON, HTML or Python, blanks folded."""

import html
import json
import re
from urllib.parse import quote, quote_plus

_PERCENT = re.compile(r"%[0-9A-F]{2}")
_ODD = "surrogateescape"  # a variable may hold bytes that are no text
_BACKSLASHES = r"\\+"  # one more for each time that JSON stands in JSON


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
