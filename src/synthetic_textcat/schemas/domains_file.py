"""What a list of domains holds, before any rule: the dataset reads it, `task_ingest` judges it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DomainsFile:
    """A file that could be read.

    Attributes:
        path: Where it lies, for errors.
        content: What YAML says: a list of texts, if it is right.
    """

    path: str
    content: object
