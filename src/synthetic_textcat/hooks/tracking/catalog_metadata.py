"""Catalog metadata `mlflow: {...}`: which datasets are logged as artifacts, inputs, metrics, tags or parameters."""

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from kedro.io import DatasetError
from pydantic import BaseModel

from synthetic_textcat.datasets.place import Place
from synthetic_textcat.datasets.stored import place_of
from synthetic_textcat.errors import nearest
from synthetic_textcat.redaction import redact

_TAG_LIMIT = 5000

_LIMIT = 6000
"""MLflow's limit of characters for one parameter."""


@dataclass(frozen=True)
class Marks:
    """The marks of one dataset.

    Attributes:
        input: Log it as a dataset input, used for this context.
        prompt: A prompt's YAML file: register it, and keep the file.
        metrics: A flat mapping name -> number or null: log the numbers.
        artifact: Keep its file under this folder ("" = at the top).
        tag: A text: make it the run's tag of this name.
        tags: A flat mapping: make each text of it the run's tag `<dataset>.<name>`, if this run saved it.
        parent: A run that reads it, but does not write it, belongs under the run of `generate` that wrote these bytes.
    """

    input: str | None = None
    prompt: bool = False
    metrics: bool = False
    artifact: str | None = None
    tag: str | None = None
    tags: bool = False
    parent: bool = False


_KEYS = tuple(field.name for field in fields(Marks))


@dataclass(frozen=True)
class Marked:
    """A dataset that this run read or saved and that bears marks.

    Attributes:
        name: Its name in the catalog.
        dataset: The Kedro dataset.
        marks: What the catalog asks for.
        saved: Whether this run saved it; otherwise it only read it.
        kept: A prompt's bytes as the run read them.
    """

    name: str
    dataset: Any
    marks: Marks
    saved: bool
    kept: bytes | None = None
    _copies: ExitStack = field(default_factory=ExitStack, repr=False, compare=False)

    @cached_property
    def place(self) -> Place | None:
        """Where the dataset's file (or local folder) lies; None where there is none.

        Raises:
            StorageError: If the file system does not say.
        """
        try:
            place = place_of(self.dataset)
        except (FileNotFoundError, DatasetError):  # no version of it
            return None
        return place if place is not None and place.exists() else None

    @cached_property
    def file(self) -> Path | None:
        """The file on this machine, of a remote one a copy that lasts as long as this object; None where there is none.

        Raises:
            StorageError: If it can't be read.
        """
        return None if self.place is None else self._copies.enter_context(self.place.local_copy())

    @cached_property
    def content(self) -> bytes | None:
        """The bytes of a prompt: those that the run read, else those of the file."""
        return self.kept if self.kept is not None else read_bytes(self.dataset)

    @cached_property
    def sha256(self) -> str | None:
        """Hex sha256 of the file's bytes, for a prompt of those that the run read; None without a file."""
        if self.kept is not None:
            return hashlib.sha256(self.kept).hexdigest()
        if self.file is None or not self.file.is_file():
            return None
        with self.file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @property
    def is_file_kept(self) -> bool:
        """Whether the run's record holds the file, stands on it, or is told by it."""
        marks = self.marks
        return marks.prompt or marks.parent or marks.input is not None or marks.artifact is not None


def read_bytes(dataset: object) -> bytes | None:
    """The bytes of the dataset's file; None where it has none.

    Raises:
        StorageError: If it can't be read.
    """
    place = place_of(dataset)
    return place.content() if place is not None and place.exists() else None


def marks_of(dataset: object) -> Marks | None:
    """The dataset's marks, or None where the catalog gives none."""
    marks = raw_marks(getattr(dataset, "metadata", None))
    return Marks(**{key: value for key, value in marks.items() if key in _KEYS}) if marks else None


def unknown_keys(conf_catalog: Mapping[str, Any]) -> Iterator[str]:
    """A warning for each mark of the catalog's configuration that means nothing."""
    for name, entry in conf_catalog.items():
        marks = raw_marks(entry.get("metadata")) if isinstance(entry, Mapping) else {}
        for key in marks.keys() - set(_KEYS):
            yield f"Dataset '{name}': metadata.mlflow.{key} means nothing here; {nearest(key, _KEYS)}"


def raw_marks(metadata: object) -> Mapping[str, Any]:
    """The marks in a dataset's metadata, as they are written; empty where there are none."""
    marks = metadata.get("mlflow") if isinstance(metadata, Mapping) else None
    return marks if isinstance(marks, Mapping) else {}


def metrics_of(item: Marked) -> dict[str, float]:
    """The finite numbers of a metrics dataset, if this run saved it: what it only read is another run's result."""
    if not (item.marks.metrics and item.saved):
        return {}
    return {safe_key(name): float(value) for name, value in item.dataset.load().items() if _is_number(value)}


def tags_of(item: Marked) -> dict[str, str]:
    """The dataset's texts as the tags that it asks for, and the sha256 of its file where the file's bytes matter."""
    tags = {}
    if item.marks.tag and (text := str(item.dataset.load()).strip()):
        tags[safe_key(item.marks.tag)] = text[:_TAG_LIMIT]
    if item.marks.tags and item.saved:
        texts = ((name, value) for name, value in item.dataset.load().items() if isinstance(value, str))
        tags |= {safe_key(f"{item.name}.{name}"): value[:_TAG_LIMIT] for name, value in texts}
    if item.is_file_kept and item.sha256:
        tags[safe_key(f"sha256.{item.name}")] = item.sha256
    return tags


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def plain(value: Any) -> Any:
    """The value as YAML would hold it; Kedro turns the blocks that a pipeline uses into typed objects."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def flatten(params: Mapping[str, Any]) -> dict[str, str]:
    """`block.name` -> text, for each parameter.

    What lies deeper than a block's own names (weights, defects) is one value: its JSON text.
    """
    return {safe_key(name): _fit(_text(value)) for name, value in _leaves(params)}


def safe_key(name: str) -> str:
    """The name with what MLflow does not take in a key replaced by `_`."""
    return re.sub(r"[^\w\-. :/]", "_", name)[:250]


def _leaves(params: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for block, content in params.items():
        if isinstance(content, Mapping) and content:
            yield from ((f"{block}.{name}", value) for name, value in content.items())
        else:
            yield block, content


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return redact(text)


def _fit(text: str) -> str:
    if len(text) <= _LIMIT:
        return text
    note = f"... sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    return text[: _LIMIT - len(note)] + note
