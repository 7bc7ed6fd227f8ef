"""Publications: plan and result of a push to a hub, and the layout of the exported dataset folder."""

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypedDict

_LONGEST_NAME = 96
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?")
SPLITS = ("train", "validation", "test")

TRIPLET = "triplet"
CONFIGS = ("default", TRIPLET, "text-label")
"""Configs of all tasks: examples unchanged; triplets for embedding models; text and label, with their task."""

CARD = "README.md"

_TASK_PREFIX = "task-"
_PART = re.compile(rf"data/(?:{'|'.join(CONFIGS)}|{_TASK_PREFIX}[0-9a-f]{{12}})-(?:{'|'.join(SPLITS)})\.parquet")

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
    """One file of one config: a split of all tasks, or of a single task.

    Attributes:
        config: Config of the dataset folder.
        split: Its split.
        path: Path within the folder.
        rows: Number of rows.
        task_id: The task, for the config of a single one.
    """

    config: str
    split: str
    path: str
    rows: int
    task_id: str | None = None


def path_of(config: str, split: str) -> str:
    """Path within the folder of a config's split."""
    return f"data/{config}-{split}.parquet"


def task_config(task_id: str) -> str:
    """Config of a single task; the prefix keeps YAML from reading an id of digits as a number."""
    return f"{_TASK_PREFIX}{task_id}"


def is_part(path: str) -> bool:
    """Whether an export can have written a file of this name."""
    return _PART.fullmatch(path) is not None


def parts(counts: Mapping[tuple[str, str], int], triplets: Mapping[str, int] | None = None) -> list[Part]:
    """The existing files, in the order of the configs; the configs of tasks follow in the order of their ids.

    Splits without rows have no file, but the train split of `CONFIGS` always exists.

    Args:
        counts: Number of rows of each task and split that has any.
        triplets: Number of triplets of each split, if they are not as many as its rows.
    """
    of_split = {split: sum(rows for (_, own), rows in counts.items() if own == split) for split in SPLITS}
    of_config = dict.fromkeys(CONFIGS, of_split) | {TRIPLET: {**of_split, **(triplets or {})}}
    return [
        *(
            Part(config, split, path_of(config, split), of_config[config][split])
            for config in CONFIGS
            for split, rows in of_split.items()
            if rows or split == SPLITS[0]
        ),
        *_task_parts(counts),
    ]


def _task_parts(counts: Mapping[tuple[str, str], int]) -> Iterator[Part]:
    for task_id in sorted({task_id for task_id, _ in counts}):
        config = task_config(task_id)
        for split in SPLITS:
            if rows := counts.get((task_id, split)):
                yield Part(config, split, path_of(config, split), rows, task_id)
