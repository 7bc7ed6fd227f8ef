"""Redaction of stdout and stderr: for what Kedro and libraries print by themselves."""

import sys
from typing import Any, TextIO

from synthetic_textcat.redaction import redact
from synthetic_textcat.text.visible_text import is_invisible

_STEERING = frozenset("\n\r\t\b\x1b")
"""What rich and click need to draw: text of others never gets here with them, since `console` and logs replace them."""


class SafeStream:
    """A text stream that masks secrets in each piece that is written; all else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: Any) -> int:
        """Writes the text without secrets and without characters that nothing draws with."""
        if not isinstance(text, str):
            return self._stream.write(text)  # which raises what a text stream raises
        safe = redact(text)
        if not (safe.isascii() and safe.isprintable()):
            safe = "".join("\ufffd" if is_invisible(each) and each not in _STEERING else each for each in safe)
        self._stream.write(safe)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Writes each of the lines."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def redact_streams() -> None:
    """Has all that is printed from now on redacted."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, SafeStream):
            setattr(sys, name, SafeStream(stream))
