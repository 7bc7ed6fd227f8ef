"""Journal lines: serialization and validation of completions, and truncation of long texts.

A line is untrusted input: it may have been edited, merged by a tool, or cut off by a crash. The type and range of each
field are checked, so that all later code may rely on them.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from operator import itemgetter
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Optional, get_args, get_type_hints

import msgspec
import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.schemas.completions import REPLIED, Completion
from synthetic_textcat.schemas.outcomes import NO_REPLY_CAUSES
from synthetic_textcat.text.unicode import replace_surrogates

PADDING = b"\0 \t\r\n"
"""Bytes allowed after the last line: after a crash a file system may fill a file up with zeros."""

_REQUIRED = tuple(field.name for field in fields(Completion) if field.default is MISSING)
_OPTIONAL = {field.name: field.default for field in fields(Completion) if field.default is not MISSING}
"""Fields that a later version added, and older lines lack, with their defaults."""
_TYPES = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(Completion).items()}
_TYPES["latency_s"] = (float, int)  # JSON has one type of number
_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}
_STATUSES = frozenset((REPLIED, *NO_REPLY_CAUSES))
_MOST = 2**63 - 1  # the limit of a table's int64 column
_LEAST = {
    **dict.fromkeys(("prompt_tokens", "cached_tokens", "completion_tokens", "latency_s"), 0),
    **dict.fromkeys(("prompt_tokens_at_most", "completion_tokens_at_most", "max_tokens"), 0),
    **dict.fromkeys(("attempt", "call"), 1),
}
"""Numbers, with the least value of each."""
_ASCII = ("request_id", "run_id", "prompt_sha256", "created_at")
_FINGERPRINT_BYTES = 32
_FEWEST_OF_OURS = len(_REQUIRED) // 2

Columns = dict[str, tuple[Any, ...]]
"""Field of a completion → its value in each of some lines."""

_values_of = itemgetter(*_REQUIRED)

MOST_OF_A_REPLY = 100_000
"""Characters of a reply that are kept. A hundred task sentences have some 20,000, a row of 5,000 words 35,000."""

_MOST_KEPT = {"raw_text": MOST_OF_A_REPLY, "refusal": 8_000, "error": 8_000, "finish_reason": 500, "model_name": 500}
"""Characters of each server text that are kept."""

_TAIL = 0.4
"""Share of the kept characters taken from the end of a text, where an answer follows long reasoning."""

_NOTE = "\n[… left out here: {left} of {all} characters; sha256 of all: {digest} …]\n"
_NOTE_PATTERN = re.compile(r"\n\[… left out here: \d+ of (\d+) characters; sha256 of all: [0-9a-f]{64} …\]\n")


class LineError(ValueError):
    """A line without a valid completion.

    Attributes:
        is_completion: Whether the names of its fields are those of a completion.
    """

    def __init__(self, reason: str, is_completion: bool = False) -> None:
        super().__init__(reason)
        self.is_completion = is_completion


def completion_line(completion: Completion) -> bytes:
    """The journal line of a completion: ASCII JSON, so that even a lone surrogate can't break the file."""
    return json.dumps(completion.to_record(), separators=(",", ":")).encode("ascii") + b"\n"


def _typed_field(name: str) -> tuple[Any, ...]:
    """Name, type with its bounds, and default of a field, for the typed decoder."""
    kind, *null = _TYPES[name]
    if name in _LEAST:
        most = {"lt": 2.0**63} if kind is float else {"le": _MOST}
        kind = Annotated[kind, msgspec.Meta(ge=_LEAST[name], **most)]
    if name == "fingerprint":
        kind = Annotated[kind, msgspec.Meta(min_length=2 * _FINGERPRINT_BYTES, max_length=2 * _FINGERPRINT_BYTES)]
    typed = Optional[kind] if NoneType in null else kind  # noqa: UP045  (made at run time)
    return (name, typed, _OPTIONAL[name]) if name in _OPTIONAL else (name, typed)


_FIELDS = (*_REQUIRED, *_OPTIONAL)
_Line = msgspec.defstruct("_Line", map(_typed_field, _FIELDS), gc=False, forbid_unknown_fields=True)
_decode = msgspec.json.Decoder(_Line).decode


def read_line(line: bytes) -> dict[str, Any]:
    """The validated fields of a line; unknown fields of later versions are allowed.

    A line of this version is read by a typed decoder. Any other is read by the standard library: the decoder refuses a
    lone surrogate, which `completion_line` escapes, and what other programs may have made of a line: a byte order
    mark, another encoding, further fields.

    Raises:
        LineError: If the line is not a JSON object, or a field is missing, has the wrong type, or is out of range.
    """
    columns = read_columns([line])
    if columns is None:
        return _read_line_of_any_program(line)
    return {field: value for field, (value,) in columns.items()}


def read_columns(lines: Sequence[bytes]) -> Columns | None:
    """The fields of lines as columns, several times as fast as by `read_line`; None if one has to be read by that."""
    try:
        records = map(msgspec.structs.astuple, map(_decode, lines))
        columns: Columns = dict(zip(_FIELDS, zip(*records, strict=True), strict=True))
        _check_columns(columns)
    except ValueError:  # as the errors of msgspec are
        return None
    return columns


def columns_of(records: Sequence[Mapping[str, Any]]) -> Columns:
    """The fields of validated records as columns, with the defaults of those that a record lacks."""
    columns = {field: tuple(record[field] for record in records) for field in _REQUIRED}
    return columns | {
        field: tuple(record.get(field, default) for record in records) for field, default in _OPTIONAL.items()
    }


def _read_line_of_any_program(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line.strip(PADDING))
    except (ValueError, RecursionError):
        raise LineError("no JSON") from None
    if not isinstance(record, dict):
        raise LineError("no JSON object")
    try:
        _check(record)
    except LineError as error:
        error.is_completion = len(record.keys() & _TYPES.keys()) >= _FEWEST_OF_OURS
        raise
    return record


def completion_of(record: Mapping[str, Any]) -> Completion:
    """The completion of a validated line, with the model's name as valid UTF-8."""
    values = {field: record[field] for field in (*_REQUIRED, *_OPTIONAL) if field in record}
    return Completion(**values | {"model_name": replace_surrogates(record["model_name"])})


def completions_of(lines: Sequence[bytes]) -> Iterator[Completion]:
    """The completions of lines that are known to be valid, many read at once."""
    columns = read_columns(lines)
    if columns is None:
        return map(completion_of, map(read_line, lines))
    return (completion_of(dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True))


def digests_of(fingerprints: Iterable[str]) -> NDArray[np.bytes_]:
    """Fingerprints as an array of 32 bytes each, which numpy can sort and search: half as large as their texts."""
    return np.frombuffer(bytes.fromhex("".join(fingerprints)), f"S{_FINGERPRINT_BYTES}")


def are_among(digests: NDArray[np.bytes_], among: NDArray[np.bytes_]) -> NDArray[np.bool_]:
    """Whether each fingerprint is one of some others, which are sorted."""
    if not len(among):
        return np.zeros(len(digests), np.bool_)
    found: NDArray[np.bool_] = among[np.searchsorted(among, digests).clip(max=len(among) - 1)] == digests
    return found


def whole_lines(lines: Iterable[bytes], offset: int = 0, first: int = 1) -> Iterator[tuple[int, int, bytes]]:
    """Number, offset and bytes of each line that is not empty.

    A last line without a line break counts if it is complete, and not if a crash cut it off.

    Args:
        lines: A file, or some lines of it.
        offset: Where they begin.
        first: Number of the first line.
    """
    for number, line in enumerate(lines, start=first):
        if line[-1:] != b"\n" and not is_whole(line):
            return
        if line[:1] == b"{" or line.strip(PADDING):
            yield number, offset, line
        offset += len(line)


def is_whole(line: bytes) -> bool:
    """Whether a line without a line break is a complete JSON object: no prefix of an object is one."""
    try:
        return isinstance(json.loads(line.strip(PADDING)), dict)
    except (ValueError, RecursionError):
        return False


def read_first(path: Path, lines: int) -> list[dict[str, Any]]:
    """The fields of the first valid lines, for a preview."""
    found: list[dict[str, Any]] = []
    with path.open("rb") as file:
        for _, _, line in whole_lines(file):
            if len(found) == lines:
                break
            try:
                found.append(read_line(line))
            except LineError:
                continue
    return found


def _check(record: dict[str, Any]) -> None:
    """Checks all fields.

    Raises:
        LineError: With the name of the first field that is wrong.
    """
    for field, allowed in _TYPES.items():
        if field in _REQUIRED and field not in record:
            raise LineError(f"the field {field} is missing")
        value = record.get(field, _OPTIONAL.get(field))
        if type(value) not in allowed:
            words = " or ".join(_WORDS[each] for each in allowed)
            raise LineError(f"{field} is {_WORDS.get(type(value), 'a list or an object')}, and should be {words}")
    for field, least in _LEAST.items():
        value = record.get(field)
        if value is not None and not least <= value <= _MOST:  # no NaN and no infinity either
            raise LineError(f"{field} is out of range" if least == 0 else f"{field} is not a whole number from 1 on")
    if record["status"] not in _STATUSES:
        raise LineError("status is unknown")
    if len(record["fingerprint"]) != 2 * _FINGERPRINT_BYTES or not _is_sha256(record["fingerprint"]):
        raise LineError("fingerprint is not a sha256")
    if not all((record.get(field) or "").isascii() for field in (*_ASCII, "batch")):
        raise LineError("an id is not ASCII")


def _check_columns(columns: Columns) -> None:
    """Checks what the typed decoder does not, of many lines.

    Raises:
        ValueError: If a line has a field that `_check` refuses.
    """
    if len(digests_of(columns["fingerprint"])) != len(columns["fingerprint"]):  # spaces would be left out
        raise ValueError("fingerprint")
    if not _STATUSES.issuperset(columns["status"]):
        raise ValueError("status")
    if not all("".join(columns[field]).isascii() for field in _ASCII):
        raise ValueError("an id")
    if not all(map(str.isascii, set(columns["batch"]) - {None})):
        raise ValueError("batch")


def _is_sha256(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == _FINGERPRINT_BYTES  # it takes spaces too
    except ValueError:
        return False


def bounded(completion: Completion) -> Completion:
    """The completion with each server text truncated to its limit."""
    changes: dict[str, Any] = {
        name: _shortened(text, _MOST_KEPT[name])
        for name in _MOST_KEPT
        if (text := getattr(completion, name)) and len(text) > _MOST_KEPT[name]
    }
    return replace(completion, **changes) if changes else completion


def length_before(text: str) -> int | None:
    """The original length of a truncated reply, in characters; None for a complete reply.

    The note must be where `bounded` puts it, so that a reply that quotes such a note does not count as truncated.
    """
    head = _head(MOST_OF_A_REPLY)
    if len(text) <= MOST_OF_A_REPLY or (note := _NOTE_PATTERN.match(text, head)) is None:
        return None
    return int(note[1]) if len(text) - note.end() == MOST_OF_A_REPLY - head else None


def _shortened(text: str, most: int) -> str:
    head = _head(most)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    note = _NOTE.format(left=len(text) - most, all=len(text), digest=digest)
    return text[:head] + note + text[len(text) - (most - head) :]


def _head(most: int) -> int:
    return most - int(most * _TAIL)
