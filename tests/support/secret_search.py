"""Looks for secrets in all that a run left behind: in bytes, in the cells of tables and databases, and in escapes."""

import base64
import gzip
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pyarrow.parquet as pq

_ESCAPE = re.compile(r"\\\\*u([0-9a-fA-F]{4})")


def traces_of(secrets: Iterable[str], text: str) -> list[str]:
    """The secrets that a text holds: as they are, quoted, escaped or in Base64."""
    unescaped = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
    return [secret for secret in secrets if any(form in text or form in unescaped for form in _forms(secret))]


def traces_in(folder: Path, secrets: Iterable[str], leave_out: str = "conf") -> dict[str, list[str]]:
    """By file of a folder the secrets in it; `leave_out` names the folder in which they are configured."""
    secrets, found = list(secrets), {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and inside.parts[0] != leave_out:
            hits = {secret for text in _texts_in(path) for secret in traces_of(secrets, text)}
            if hits:
                found[str(inside)] = sorted(hits)
    return found


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], encoded}


def _texts_in(path: Path) -> Iterator[str]:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    yield content.decode("utf-8", "replace")
    if path.suffix == ".parquet":
        yield from _strings(pq.read_table(path).to_pylist())
        yield str(pq.read_schema(path).metadata)
    elif content.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(path)) as database:
            yield from database.iterdump()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
