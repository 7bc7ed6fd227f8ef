"""Replies that hurt whoever reads them carelessly: odd nesting, one pattern over and over, megabytes, echoes."""

import orjson

_FENCED_KEY = '```json {"input_text": "Good", "label": "a"}```'
_PATTERNS = ("- ", "1. ", "* ", "[", '{"', '["', "```\n", "'\"", "\u2022 ", "- [", "1) ", '",\n"', "| ", "\\", "{[")
_LENGTHS = (8_000, 30_000, 100_000, 300_000)
_JUNK_BYTES = 4_800_000
_JUNK_LINE = "lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor "


def fenced_key() -> str:
    """JSON-like text whose only key is a fenced object."""
    return f'{{"{_FENCED_KEY}"}}'


def repeated_signs(digest: bytes) -> str:
    """One short pattern of list signs, quotes or fences, many times; which and how many times is up to the digest."""
    pattern, length = _PATTERNS[digest[2] % len(_PATTERNS)], _LENGTHS[digest[3] % len(_LENGTHS)]
    return (pattern * (length // len(pattern) + 1))[:length]


def junk(digest: bytes) -> str:
    """Megabytes of prose that differ from reply to reply."""
    return digest.hex() + _JUNK_LINE * (_JUNK_BYTES // len(_JUNK_LINE))


def echo(good: dict[str, object], heard: dict[str, str], digest: bytes) -> str:
    """A good row whose texts repeat what the server heard, plainly and as JSON; every other one in escapes."""
    said = {**good, "input_text": f"{in_words(heard)}. {orjson.dumps(heard).decode()}"}
    if digest[5] % 2 == 0:
        return orjson.dumps(said).decode()
    return "{" + ", ".join(f"{_escaped(name)}: {_escaped(str(text))}" for name, text in said.items()) + "}"


def _escaped(text: str) -> str:
    """A JSON string of which each letter and sign is an escape, as strict as it is unreadable."""
    return '"' + "".join(f"\\u{ord(each):04x}" for each in text) + '"'


def in_words(heard: dict[str, str]) -> str:
    """What the server heard, as one line."""
    return "; ".join(f"{name}: {value}" for name, value in heard.items())
