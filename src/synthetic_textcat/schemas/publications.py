"""Publications: files and repository of a push, its result, and the layout of the exported dataset folder."""

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypedDict

_LONGEST_NAME = 96
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?")
SPLITS = ("train", "validation", "test")

CONFIGS = ("default", "triplet", "text-label")
"""The examples as they are; triplets for embedding models; text and label, with the task that they belong to."""

CARD = "README.md"

TAG = "synthetic-textcat"
"""Of the card's tags the one by which a hub knows what this software has written."""


class PublishedFile(TypedDict):
    """One file of the dataset folder.

    Attributes:
        name: Its path in the folder and in the repository.
        bytes: Its size.
        rows: Of a table; None for the card.
    """

    name: str
    bytes: int
    rows: int | None


class PublicationPlan(TypedDict):
    """What is to be pushed.

    Attributes:
        repository: `owner/name`, or a name alone: then the owner is whose token it is.
        private: Whether a repository that is made for it is private.
        take_over: Whether the repository may hold what this software has not published.
        dry_run: Whether it is told only.
        message: Of the commit.
        template_data: Whether templates wrote rows of it.
        rows: Examples; each is in every config.
        files: What is pushed.
        left_behind: Other files of the folder, which are not.
        notes: What else whoever publishes should know, each a sentence.
    """

    repository: str
    private: bool
    take_over: bool
    dry_run: bool
    message: str
    template_data: bool
    rows: int
    files: list[PublishedFile]
    left_behind: list[str]
    notes: list[str]


class FileToPublish(Protocol):
    """A file of the dataset folder, wherever that lies."""

    @property
    def bytes(self) -> int:
        """Its size now."""

    def local_copy(self) -> AbstractContextManager[Path]:
        """The file on this machine."""


class PublicationOrder(NamedTuple):
    """What is pushed, with the files that the plan names.

    Attributes:
        plan: As it was told.
        files: Of the dataset folder, by their names in it.
    """

    plan: PublicationPlan
    files: Mapping[str, FileToPublish]


Publication = TypedDict(
    "Publication",
    {
        "endpoint": str,
        "repository": str,
        "url": str,
        "revision": str,
        "visibility": str,
        "change": str,
        "template_data": bool,
        "files": list[PublishedFile],
        "removed": list[str],
        "publish/rows": int,
        "publish/files": int,
        "publish/bytes": int,
    },
)
"""What was pushed.

`endpoint`, `repository` (with its owner) and `url` say where; `revision` is the commit, by which `load_dataset` finds
just these rows; `visibility` is `private` or `public`; `change` is `created`, `updated` or `none`, where the same files
were there; `removed` names files of an earlier export that were taken away. `publish/rows`, `publish/files` and
`publish/bytes` count what the repository has of this export, in examples, files, and bytes.
"""


def checked_repository(name: Any) -> Any:
    """The name of a repository, by the hub's rules.

    Raises:
        ValueError: If no repository can have it.
    """
    if not isinstance(name, str):
        return name
    owner, slash, own = name.rpartition("/")
    fits = all(_NAME.fullmatch(part) for part in ([owner, own] if slash else [own]))
    if not fits or len(name) > _LONGEST_NAME or "--" in name or ".." in name or name.endswith(".git"):
        raise ValueError(
            f"is no name of a repository; give owner/name, at most {_LONGEST_NAME} letters, digits, - _ . in all, "
            "without -- or .. in it and no - . or .git at an end"
        )
    return name


class Part(NamedTuple):
    """One file of one config."""

    config: str
    split: str
    path: str


def path_of(config: str, split: str) -> str:
    """Where in the folder the rows of a config and split are."""
    return f"data/{config}-{split}.parquet"


ALL_PARTS = tuple(Part(config, split, path_of(config, split)) for config in CONFIGS for split in SPLITS)
"""The files that there can be."""


def parts(split_rows: Mapping[str, int]) -> Iterator[Part]:
    """The files that there are: splits without rows have none, except that there is always a train split.

    Args:
        split_rows: Split → number of its rows.
    """
    return (part for part in ALL_PARTS if split_rows.get(part.split) or part.split == SPLITS[0])
