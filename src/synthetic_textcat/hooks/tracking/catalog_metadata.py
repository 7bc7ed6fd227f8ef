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

from synthetic_textcat.datasets.fsspec_place import Place
from synthetic_textcat.datasets.stored import place_of
from synthetic_textcat.errors import nearest
from synthetic_textcat.redaction import redact

TAG_LIMIT = 5000
"""Characters of a tag that are kept."""

_LIMIT = 6000
"""MLflow's limit of characters for one parameter."""

_REFUSED = re.compile(r"[^\w\-. :/]|\.(?=u[0-9a-f])")
_ENCODED = re.compile(r"\.u([0-9a-f]{1,6})\.")
_TORN = re.compile(r"(\.u[0-9a-f]{1,6}\.)?(?:\.u?[0-9a-f]{0,6})?\Z")
"""The end of a key that was cut: a whole code point, and part of another one."""

_LONGEST_KEY = 250
_HASH = 16  # hexadecimal digits


@dataclass(frozen=True)
class MlflowMetadata:
    """MLflow metadata of one dataset.

    Attributes:
        input: Log the dataset as an input with this context.
        prompt: A prompt's YAML file: register the prompt, and log the file.
        metrics: A flat mapping name -> number or null: log the numbers.
        artifact: Log the file to this folder ("" = top level).
        tag: A text: set it as the run's tag of this name.
        tags: A flat mapping: set each text as the run's tag `<dataset>.<name>`, if this run saved the dataset.
        parent: A run that only reads the dataset is nested under the run of `generate` that wrote the same bytes.
    """

    input: str | None = None
    prompt: bool = False
    metrics: bool = False
    artifact: str | None = None
    tag: str | None = None
    tags: bool = False
    parent: bool = False


_KEYS = tuple(field.name for field in fields(MlflowMetadata))


@dataclass(frozen=True)
class TrackedDataset:
    """Dataset with MLflow metadata that this run read or saved.

    Attributes:
        name: Its name in the catalog.
        dataset: The Kedro dataset.
        metadata: Its MLflow metadata.
        saved: Whether this run saved it; otherwise it only read it.
        bytes_read: Content of a prompt file when the run read it.
    """

    name: str
    dataset: Any
    metadata: MlflowMetadata
    saved: bool
    bytes_read: bytes | None = None
    _copies: ExitStack = field(default_factory=ExitStack, repr=False, compare=False)

    @cached_property
    def place(self) -> Place | None:
        """Location of the dataset's file (or local folder); None if there is none.

        Raises:
            StorageError: If the file system can't be accessed.
        """
        try:
            place = place_of(self.dataset)
        except (FileNotFoundError, DatasetError):  # no version exists
            return None
        return place if place is not None and place.exists() else None

    @cached_property
    def file(self) -> Path | None:
        """Local file, or a copy of a remote file that lasts as long as this object; None if there is none.

        Raises:
            StorageError: If it can't be read.
        """
        return None if self.place is None else self._copies.enter_context(self.place.local_copy())

    @cached_property
    def content(self) -> bytes | None:
        """Content of a prompt: as the run read it, otherwise the file's."""
        return self.bytes_read if self.bytes_read is not None else read_bytes(self.dataset)

    @cached_property
    def sha256(self) -> str | None:
        """Hex sha256 of the file's bytes, for a prompt of the bytes that the run read; None without a file."""
        if self.bytes_read is not None:
            return hashlib.sha256(self.bytes_read).hexdigest()
        if self.file is None or not self.file.is_file():
            return None
        with self.file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @property
    def is_identified_by_file(self) -> bool:
        """Whether MLflow stores the file, logs it as an input, or identifies the run by its hash."""
        metadata = self.metadata
        return metadata.prompt or metadata.parent or metadata.input is not None or metadata.artifact is not None


def read_bytes(dataset: object) -> bytes | None:
    """Content of the dataset's file; None if there is none.

    Raises:
        StorageError: If it can't be read.
    """
    place = place_of(dataset)
    return place.content() if place is not None and place.exists() else None


def mlflow_metadata_of(dataset: object) -> MlflowMetadata | None:
    """MLflow metadata of the dataset, or None if the catalog has none."""
    metadata = raw_metadata(getattr(dataset, "metadata", None))
    return MlflowMetadata(**{key: value for key, value in metadata.items() if key in _KEYS}) if metadata else None


def unknown_keys(conf_catalog: Mapping[str, Any]) -> Iterator[str]:
    """Warnings about unknown keys under `metadata.mlflow` in the catalog's configuration."""
    for name, entry in conf_catalog.items():
        metadata = raw_metadata(entry.get("metadata")) if isinstance(entry, Mapping) else {}
        for key in metadata.keys() - set(_KEYS):
            yield f"Dataset '{name}': metadata.mlflow.{key} is unknown; {nearest(key, _KEYS)}"


def raw_metadata(catalog_metadata: object) -> Mapping[str, Any]:
    """Unvalidated mapping under `mlflow` in a dataset's metadata; empty if there is none."""
    metadata = catalog_metadata.get("mlflow") if isinstance(catalog_metadata, Mapping) else None
    return metadata if isinstance(metadata, Mapping) else {}


def metrics_of(item: TrackedDataset) -> dict[str, float]:
    """Finite numbers of a metrics dataset, if this run saved it; a dataset only read is another run's result."""
    if not (item.metadata.metrics and item.saved):
        return {}
    return {safe_key(name): float(value) for name, value in item.dataset.load().items() if _is_number(value)}


def tags_of(item: TrackedDataset) -> dict[str, str]:
    """Tags of the dataset according to its metadata, and the sha256 of its file if the file identifies the run."""
    tags = {}
    if item.metadata.tag and (text := str(item.dataset.load()).strip()):
        tags[safe_key(item.metadata.tag)] = text[:TAG_LIMIT]
    if item.metadata.tags and item.saved:
        texts = ((name, value) for name, value in item.dataset.load().items() if isinstance(value, str))
        tags |= {safe_key(f"{item.name}.{name}"): value[:TAG_LIMIT] for name, value in texts}
    if item.is_identified_by_file and item.sha256:
        tags[safe_key(f"sha256.{item.name}")] = item.sha256
    return tags


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def plain(value: Any) -> Any:
    """Value converted to plain YAML types; Kedro turns the blocks that a pipeline uses into typed objects."""
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
    """Parameters flattened to `block.name` -> text; deeper values (weights, defects) are JSON texts."""
    return {safe_key(name): _fit(_text(value)) for name, value in _leaves(params)}


def safe_key(name: str) -> str:
    """Key valid in MLflow, from which `named_key` gives the name back.

    MLflow 3.17 takes letters and digits of any script, but not the vowel signs that many scripts have. A character that
    it refuses becomes `.u` with its code point in hexadecimal and a full stop: `.u94d.`. So does a full stop of the
    name that would look like the beginning of one. A key has 250 characters at most: of a longer one the beginning is
    kept, with a hash of the whole name, so that no two names share a key.
    """
    key = _REFUSED.sub(lambda character: f".u{ord(character[0]):x}.", name)
    if len(key) <= _LONGEST_KEY:
        return key
    end = f"-{hashlib.sha256(name.encode()).hexdigest()[:_HASH]}"
    return _TORN.sub(r"\1", key[: _LONGEST_KEY - len(end)]) + end


def named_key(key: str) -> str:
    """The name of a key that `safe_key` made; its beginning and a hash, if it was too long."""
    return _ENCODED.sub(lambda character: chr(int(character[1], 16)), key)


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
