"""What the exported Hugging Face dataset folder consists of: a card, and a file for each config and split."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

SPLITS = ("train", "validation", "test")

CONFIGS = ("default", "triplet", "text-label")
"""The examples as they are; triplets for embedding models; text and label, with the task that they belong to."""

CARD = "README.md"

TAG = "synthetic-textcat"
"""Of the card's tags the one by which a hub knows what this software has written."""


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
