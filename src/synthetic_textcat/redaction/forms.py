"""The spellings in which a secret travels: quoted for a URL, escaped in JSON, HTML or Python, blanks folded."""

import html
import json
import re
from urllib.parse import quote, quote_plus

_PERCENT = re.compile(r"%[0-9A-F]{2}")
_BACKSLASHES = r"\\+"  # one more for each time that JSON stands in JSON


def spellings(secret: str) -> set[str]:
    """All literal spellings of a secret; mostly that is one, since a key is made of letters and digits."""
    found = set()
    for plain in {secret, " ".join(secret.split())}:
        escaped = json.dumps(plain)[1:-1]
        quoted = {quote(plain, safe=""), quote(plain), quote_plus(plain)}
        found |= {
            plain,
            repr(plain)[1:-1],
            html.escape(plain),
            escaped,
            json.dumps(escaped)[1:-1],
            plain.replace("/", r"\/"),
        }
        found |= {json.dumps(plain, ensure_ascii=False)[1:-1], *quoted, *map(_in_small_hex, quoted)}
    return found


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
