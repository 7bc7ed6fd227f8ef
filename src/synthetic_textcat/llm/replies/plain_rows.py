"""Plain rows: the texts of replies that hold a single JSON object, with the fields of a row.

A typed decoder reads them many times as fast as the parser, with the same result; any other reply is left to the
parser. The object may stand in a fence or between words, as long as no thoughts could stand there too. A reply that was
cut at the token limit is for the parser, which repairs none.
"""

from collections.abc import Collection, Sequence
from typing import Annotated

import msgspec

from synthetic_textcat.llm.replies.thoughts import thoughts_in
from synthetic_textcat.schemas.completions import LONGEST_LABEL
from synthetic_textcat.text.unicode import visible_controls

LONGEST_PLAIN = 20_000
"""Characters of a reply; the parser reads a longer one."""

_LONGEST_REPAIRED = 5_000
"""Characters of a reply with a comma too many: the library's work on a longer one may pass its limit."""

_JSON_SPACES = " \t\r\n"
_OF_THREE_FIELDS = (1, 1, 0, 0, 0, 12)
"""Counts of `{`, `}`, `[`, `]`, backslash and quote."""

_Label = Annotated[str, msgspec.Meta(max_length=LONGEST_LABEL)]


class PlainRow(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A row as a model wrote it."""

    input_text: str
    label: _Label
    misleading_label: _Label

    @property
    def texts(self) -> tuple[str, ...]:
        """All texts."""
        return self.input_text, self.label, self.misleading_label

    def show_controls(self) -> None:
        """Escapes control characters, which strict JSON holds escaped, or beyond ASCII."""
        if not "".join(self.texts).isprintable():
            self.input_text, self.label, self.misleading_label = map(visible_controls, self.texts)


class PlainRowOfSeveral(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A row with several labels as a model wrote it."""

    input_text: str
    labels: tuple[_Label, ...]
    misleading_label: _Label

    @property
    def texts(self) -> tuple[str, ...]:
        """All texts."""
        return self.input_text, *self.labels, self.misleading_label

    def show_controls(self) -> None:
        """Makes control characters visible, as `PlainRow` does."""
        if not "".join(self.texts).isprintable():
            self.input_text, *labels, self.misleading_label = map(visible_controls, self.texts)
            self.labels = tuple(labels)


AnyPlainRow = PlainRow | PlainRowOfSeveral

_decode = msgspec.json.Decoder(PlainRow).decode
_decode_several = msgspec.json.Decoder(PlainRowOfSeveral).decode


def plain_row(reply: str) -> PlainRow | None:
    """The row of a plain reply; None for one that the parser has to read."""
    try:
        return _decode(reply)
    except ValueError:
        return _enclosed_row(reply)


def plain_row_of_several(reply: str) -> PlainRowOfSeveral | None:
    """The row of a plain reply for a task with several labels a text; None for one that the parser has to read."""
    try:
        return _decode_several(reply)
    except ValueError:
        return None


def plain_rows(replies: Sequence[str], several: Collection[bool] = ()) -> list[AnyPlainRow | None]:
    """The row of each reply, None where the parser has to read it.

    Args:
        replies: The replies.
        several: Whether each row belongs to a task with several labels a text; by default none does.
    """
    if any(several):
        pairs = zip(replies, several, strict=True)
        return [plain_row_of_several(reply) if has_several else plain_row(reply) for reply, has_several in pairs]
    try:
        return list(map(_decode, replies))
    except ValueError:
        return list(map(plain_row, replies))


def _enclosed_row(reply: str) -> PlainRow | None:
    """The row of a reply whose only object stands in a fence or between words, or ends with a comma."""
    start, end = reply.find("{"), reply.rfind("}") + 1
    if start < 0 or end <= start or "{" in reply[end:] or thoughts_in(reply) != (0, len(reply)):
        return None
    try:
        return _decode(reply[start:end])
    except ValueError:
        return _row_before_comma(reply, reply[start : end - 1].rstrip(_JSON_SPACES))


def _row_before_comma(reply: str, fields: str) -> PlainRow | None:
    """The row of a reply whose only fault is a comma behind its last field, which the repair library drops.

    Args:
        reply: The reply. With other brackets, escapes or quotes than those of the fields it is left to the library.
        fields: Its object without the last bracket.
    """
    counts = tuple(map(reply.count, '{}[]\\"'))
    if fields[-1:] != "," or counts != _OF_THREE_FIELDS or len(reply) > _LONGEST_REPAIRED:
        return None
    try:
        return _decode(fields[:-1] + "}")
    except ValueError:
        return None
