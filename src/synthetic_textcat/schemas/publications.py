"""Publications: plan and result of a push to a hub, and the layout of the exported dataset folder."""

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypedDict

_LONGEST_NAME = 96
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?")
SPLITS = ("train", "validation", "test")

CONFIGS = ("default", "triplet", "text-label")
"""Examples unchanged; triplets for embedding models; text and label, with their task."""

CARD = "README.md"

TAG = "synthetic-textcat"
"""Tag in the dataset card that marks datasets by this software."""


class PublishedFile(TypedDict):
    """File of the dataset folder.

    Attributes:
        name: Path in the folder and in the repository.
        bytes: Size.
        rows: Rows of a table; None for the card.
    """

    name: str
    bytes: int
    rows: int | None


class PublicationPlan(TypedDict):
    """Plan of a push.

    Attributes:
        repository: `owner/name`, or a name alone for the owner of the token.
        private: Whether a new repository is private.
        take_over: Whether the repository may contain files that this software has not published.
        dry_run: Whether the plan is only reported.
        message: Commit message.
        template_data: Whether templates wrote some of the rows.
        rows: Number of examples; each is in every config.
        files: Files to push.
        left_behind: Other files of the folder, which are not pushed.
        notes: Further remarks for the publisher, each a sentence.
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
    """A file of the dataset folder, local or remote."""

    @property
    def bytes(self) -> int:
        """Current size."""

    def local_copy(self) -> AbstractContextManager[Path]:
        """The file on this machine."""


class PublicationOrder(NamedTuple):
    """Plan of a push, with its files.

    Attributes:
        plan: The plan as reported.
        files: Files of the dataset folder, by their names in it.
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
"""Result of a push.

`endpoint`, `repository` (with its owner) and `url` give the place; `revision` is the commit, with which `load_dataset`
loads exactly these rows; `visibility` is `private` or `public`; `change` is `created`, `updated`, or `none` if the
repository already had the same files; `removed` names deleted files of an earlier export. `publish/rows`,
`publish/files` and `publish/bytes` are the examples, files and bytes of this export in the repository.
"""


def checked_repository(name: Any) -> Any:
    """Validates the name of a repository by the hub's rules.

    Raises:
        ValueError: If the name is not allowed.
    """
    if not isinstance(name, str):
        return name
    owner, slash, own = name.rpartition("/")
    fits = all(_NAME.fullmatch(part) for part in ([owner, own] if slash else [own]))
    if not fits or len(name) > _LONGEST_NAME or "--" in name or ".." in name or name.endswith(".git"):
        raise ValueError(
            f"is not a repository name; give owner/name, in all at most {_LONGEST_NAME} letters, digits, - _ . "
            "without -- or .. and without - . or .git at an end"
        )
    return name


class Part(NamedTuple):
    """File of a config."""

    config: str
    split: str
    path: str


def path_of(config: str, split: str) -> str:
    """Path within the folder of a config's split."""
    return f"data/{config}-{split}.parquet"


ALL_PARTS = tuple(Part(config, split, path_of(config, split)) for config in CONFIGS for split in SPLITS)
"""All possible files."""


def parts(split_rows: Mapping[str, int]) -> Iterator[Part]:
    """The existing files: splits without rows have none, but the train split always exists.

    Args:
        split_rows: Split → number of rows.
    """
    return (part for part in ALL_PARTS if split_rows.get(part.split) or part.split == SPLITS[0])
