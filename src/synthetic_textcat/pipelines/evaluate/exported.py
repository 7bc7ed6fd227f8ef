"""The exported dataset folder, as it is read back."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from synthetic_textcat.errors import EvaluationError, StaleTableError
from synthetic_textcat.schemas.dataset_folder import SPLITS, path_of

_KEYS = ["request_id", "input_text", "label"]

Files = Mapping[str, Callable[[], Any]]


class EmptySplitError(EvaluationError):
    """A split without rows."""


def exported_rows(files: Files, examples: pd.DataFrame) -> pd.DataFrame:
    """The rows of all splits, with the columns of `examples` and `split`.

    Raises:
        StaleTableError: If one of them is no row of `examples`.
    """
    parts = [files[name]().assign(split=split) for split in SPLITS if (name := path_of("default", split)) in files]
    rows = pd.concat(parts, ignore_index=True) if parts else examples.iloc[:0].assign(split="")
    known = rows[_KEYS].merge(examples[_KEYS], how="left", on=_KEYS, indicator=True)["_merge"] == "both"
    if not known.all():
        raise StaleTableError(
            f"{int((~known).sum())} rows of the dataset 'huggingface' are not in 'examples': the folder is of another "
            "run. Next: run `kedro run --pipelines export`, then the same command"
        )
    return rows


def triplets_of(files: Files, split: str) -> pd.DataFrame:
    """The triplets of a split.

    Raises:
        EmptySplitError: If there are none.
    """
    name = path_of("triplet", split)
    rows: pd.DataFrame = files[name]() if name in files else pd.DataFrame()
    if rows.empty:
        raise EmptySplitError(
            f"The exported dataset folder has no rows in {name}. Next: plan more rows "
            "(attribute_sampling.num_examples), give that split a share (export.splits), or, since rows that lead with "
            "one seed example are on one side, name ten seed examples a label or more; and generate again"
        )
    return rows
