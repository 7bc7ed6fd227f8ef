"""Shared folder in an object store, which can't append: what a worker saves is stored in segments.

An answer counts once its segment is stored. When a worker has finished a shard, one object takes the place of its
segments. The driver copies them to the folder next to its journal, where all later stages read them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path, PurePosixPath
from time import monotonic
from types import TracebackType
from typing import Self

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from synthetic_textcat.errors import JournalError
from synthetic_textcat.llm.shards.folder import RUN_FENCE, OwnedShard, SharedFolder
from synthetic_textcat.llm.shards.partition import ANY_FENCE, fence_name, journal_name
from synthetic_textcat.redaction import redact
from synthetic_textcat.temporary_files import TemporaryFolder

_SEGMENT_S = 1.0

_MOST_BYTES = 4 << 20
"""Bytes of a segment, however fast they come."""

_SEGMENT = re.compile(r"(shard-\d{5}\..+)~(\d{6})\.jsonl")
_REFERENCE = "shared-at"
"""Local file that names the store, for a later run without the cluster."""


class ObjectFolder(SharedFolder):
    """Shared folder in any fsspec file system; driver and workers each have a local copy of what they read.

    Args:
        url: As `s3://bucket/run`; each machine has the credentials in its environment.
        local: The local copy; None for a temporary folder, which goes with this object.
        segment_s: Seconds for which lines are collected; a kill loses what is in flight, and these.
    """

    def __init__(self, url: str, local: Path | None = None, segment_s: float = _SEGMENT_S) -> None:
        if local is None:
            self._temporary = TemporaryFolder()
            local = self._temporary.path
        super().__init__(local)
        self.url = url.rstrip("/")
        self.segment_s = segment_s
        with _in_words(self.url, "reach"):
            found: tuple[AbstractFileSystem, str] = url_to_fs(self.url, use_listings_cache=False)
        self._fs, self._root = found
        self._looked_at, self._fence_text = -inf, ""

    @property
    def place(self) -> str:
        """The address, by which workers find the folder."""
        return self.url

    def begin(self, run_id: str) -> None:
        """Takes the folder for a run, and copies what earlier runs have left there."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / _REFERENCE).write_text(self.url, encoding="utf-8")
        with _in_words(self.url, "write"):
            if isinstance(self._fs, LocalFileSystem):  # of an object store it would make a mistyped bucket
                self._fs.makedirs(self._root, exist_ok=True)
            self.write(RUN_FENCE, run_id.encode())
            for name in self._names():
                if PurePosixPath(name).match(ANY_FENCE):
                    self.delete(name)
        self.fetch()

    def fetch(self) -> None:
        """Copies the journal files that are not here yet; segments that a whole file has replaced are removed."""
        self.path.mkdir(parents=True, exist_ok=True)
        with _in_words(self.url, "read"):
            names = _whole(self._names())
            for path in self.path.glob("shard-*.jsonl"):
                found = _SEGMENT.fullmatch(path.name)
                if found is not None and f"{found[1]}.jsonl" in names:
                    path.unlink()
            self._copy(names)

    def files_of(self, shard: int, shards: int) -> list[Path]:
        """Copies of the journal files of a shard."""
        with _in_words(self.url, "read"):
            begin = f"shard-{shard:05}.of{shards}-"
            self._copy([name for name in _whole(self._names()) if name.startswith(begin)])
        return super().files_of(shard, shards)

    def names(self) -> frozenset[str]:
        """Names of all journal files, whole or segments."""
        with _in_words(self.url, "read"):
            return frozenset(_whole(self._names()))

    def publish(self, cut: Path) -> None:
        """Stores a cut of the plan, for the workers."""
        with _in_words(self.url, "write"):
            for path in sorted(cut.iterdir()):
                self._fs.put_file(str(path), self._at(f"{cut.name}.{path.name}"))

    def withdraw(self, cut: Path) -> None:
        """Removes the stored cut."""
        with suppress(Exception):  # the next run's cut replaces it
            for name in self._names():
                if name.startswith(f"{cut.name}."):
                    self.delete(name)

    def cut(self, cut: Path, shard: int) -> Path:
        """A local folder with the files of a shard in a cut."""
        folder = self.path / cut.name
        folder.mkdir(parents=True, exist_ok=True)
        prefix = f"{cut.name}."
        with _in_words(self.url, "read"):
            for name in self._names():
                if name.startswith(f"{prefix}shard-{shard:05}."):
                    self._fs.get_file(self._at(name), str(folder / name.removeprefix(prefix)))
        return folder

    def take(self, shard: int, owner: str) -> "OwnedShard":
        """Takes the shard for this owner; its previous owner can save nothing more."""
        return OwnedSegments(self, shard, owner)

    def write(self, name: str, content: bytes) -> None:
        """Stores an object as a whole."""
        self._fs.pipe_file(self._at(name), content)

    def delete(self, name: str) -> None:
        """Removes an object, if it is there."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._at(name))

    def text_of(self, name: str) -> str:
        """Content of a small object; empty if there is none."""
        with _in_words(self.url, "read"):
            try:
                return bytes(self._fs.cat_file(self._at(name))).decode()
            except FileNotFoundError:
                return ""

    def _run_fence(self) -> str:
        """The token of the run, read once a second at most."""
        if monotonic() - self._looked_at >= self.segment_s:
            self._fence_text, self._looked_at = self.text_of(RUN_FENCE), monotonic()
        return self._fence_text

    def _set_run_fence(self, token: str) -> None:
        with _in_words(self.url, "write"):
            self.write(RUN_FENCE, token.encode())
        self._looked_at = -inf

    def _prove_writable(self, name: str, content: bytes) -> None:
        with _in_words(self.url, "write"):
            self.write(name, content)
            self.delete(name)

    def _copy(self, names: Sequence[str]) -> None:
        """Copies the files that are not here; many at a time, where the store's library can."""
        missing = [name for name in names if not (self.path / name).exists()]
        if not missing:
            return
        fresh = [self.path / f"{name}.part" for name in missing]
        self._fs.get([self._at(name) for name in missing], [str(path) for path in fresh])
        for path in fresh:
            path.replace(path.with_suffix(""))

    def _names(self) -> list[str]:
        try:
            return [PurePosixPath(path).name for path in self._fs.ls(self._root, detail=False)]
        except FileNotFoundError:
            return []

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"


class OwnedSegments(OwnedShard):
    """A shard that a worker holds, with its segments in an object store.

    Args:
        folder: The shared folder.
        shard: Number of the shard.
        owner: The owner's token.
    """

    def __init__(self, folder: ObjectFolder, shard: int, owner: str) -> None:
        self._folder = folder
        self._fence_name = fence_name(shard)
        self._name = journal_name(shard, owner)
        self.owner = owner
        self._lines: list[bytes] = []
        self._stored: list[bytes] = []
        self._stored_at = monotonic()
        with _in_words(folder.url, "write"):
            folder.write(self._fence_name, owner.encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            with suppress(JournalError):  # the first error says more
                self._store()
            return
        self._store()
        if self._stored:
            with _in_words(self._folder.url, "write"):
                self._folder.write(self._name, b"".join(self._stored))
                for number in range(len(self._stored)):
                    self._folder.delete(self._segment(number))

    def append(self, lines: bytes) -> None:
        """Adds lines to the next segment, and stores it if it is due and the shard is still this owner's.

        Raises:
            ShardLostError: If another worker has taken the shard; nothing is stored.
            JournalError: If the store refuses.
        """
        self._lines.append(lines)
        self.check()

    def check(self) -> None:
        """Checks that the shard still belongs to this owner, and stores lines that are due.

        Raises:
            ShardLostError, JournalError: As above.
        """
        if monotonic() - self._stored_at >= self._folder.segment_s or sum(map(len, self._lines)) >= _MOST_BYTES:
            self._store()

    def _store(self) -> None:
        self._stored_at = monotonic()
        super().check()
        if not self._lines:
            return
        content = b"".join(self._lines)
        with _in_words(self._folder.url, "write"):
            self._folder.write(self._segment(len(self._stored)), content)
        self._stored.append(content)
        self._lines.clear()

    def _segment(self, number: int) -> str:
        return f"{self._name.removesuffix('.jsonl')}~{number:06}.jsonl"

    def _token(self) -> str:
        return self._folder.text_of(self._fence_name)


def shared_folder(place: str | Path, local: Path | None = None) -> SharedFolder:
    """The shared folder at a path, or at the address of an object store."""
    is_url = isinstance(place, str) and "://" in place
    return ObjectFolder(str(place), local) if is_url else SharedFolder(Path(place))


def fetch_left_behind(local: Path) -> None:
    """Copies what the workers of an earlier run have stored elsewhere since, so that no answer is paid for twice.

    Raises:
        JournalError: If the store can't be read.
    """
    with suppress(FileNotFoundError):
        ObjectFolder((local / _REFERENCE).read_text(encoding="utf-8"), local).fetch()


def _whole(names: Iterable[str]) -> list[str]:
    """The journal files among these names, without segments that a whole file has replaced."""
    files = {name for name in names if name.startswith("shard-") and name.endswith(".jsonl")}
    return sorted(
        name for name in files if (found := _SEGMENT.fullmatch(name)) is None or f"{found[1]}.jsonl" not in files
    )


@contextmanager
def _in_words(url: str, verb: str) -> Iterator[None]:
    """Turns any error of a store's library into one line."""
    try:
        yield
    except JournalError:
        raise
    except Exception as error:
        why = redact(f"{type(error).__name__}: {error}".partition("\n")[0][:300])
        raise JournalError(
            f"Can't {verb} {redact(url)}: {why}. Next: check cluster.shared, and the credentials in the environment of "
            "each machine; then run the same command again: what is stored is not asked again"
        ) from error
