"""Label check: columns of verdicts, of the drawn sample and of labels given by hand; the words for no label."""

from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np
import pandas as pd

from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.schemas.label_sets import labels_of
from synthetic_textcat.schemas.rows import plain, to_frame
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task, normalise
from synthetic_textcat.tables import FrameTable, IdPositions, RowTable, as_table

LABEL_VERDICTS = {
    "request_id": "str",
    "verdict": "str",
    "votes": "int64",
    "agrees": "bool",
    "ambiguous": "bool",
    "model_name": "str",
}
"""Verdicts of a judge that was asked blind, one row each.

`verdict` is a label of the row's set, `NONE_OF_THESE`, or missing if the votes are undecided. Of a row with several
labels it is the code of all that fit (`label_sets.label_set_code`). `votes` counts the votes for it. `agrees`: it is
the row's label, or exactly its labels. `ambiguous`: the judge accepts the misleading label too.
"""

VERDICT_CALLS = {"request_id": "str", "vote": "int64", "fingerprint": "str", "row_sha256": "str"}
"""The judge's calls, one row each vote. `row_sha256`: of the row's text and labels when it was asked about."""

UNJUDGED_ROWS = {"request_id": "str", "cause": "str", "detail": "str"}
"""Rows that were to be judged and have no verdict. `cause`: that of the last failed call, or `NOT_ASKED`."""

NOT_ASKED = "not_asked"
"""Cause of rows without a call: a cap, an outage or an interrupt came first."""

AGREED, DISPUTED, UNJUDGED = "agreed", "disputed", "unjudged"

LABEL_SAMPLE = {"request_id": "str", "task": "str", "input_text": "str", "labels": "str", "label": "str"}
"""Columns of the file to fill in, of which `label` is empty."""

LABEL_SAMPLE_DESIGN = {
    "request_id": "str",
    "task_id": "str",
    "text_sha256": "str",
    "labels": "object",
    "stratum": "str",
    "probability": "float64",
    "rows": "int64",
    "task_type": "str",
}
"""Rows drawn for labelling by hand, with all that the file does not say.

`labels`: list of the labels to choose from. `stratum`: `AGREED`, `DISPUTED`, or `UNJUDGED` if there was no verdict.
`probability`: of the row's being drawn. `rows`: accepted rows at that time. `task_type`: of the row's task; a sample of
an earlier version lacks it.
"""

HAND_LABELS = {"task_id": "str", "text_sha256": "str", "label": "str"}
"""Labels given by hand, in any run: a label of the row's set, or one of `ANSWERS`. With several labels a text it is the
code of all that fit (`label_sets.label_set_code`), or `UNCLEAR`."""

NONE_OF_THESE = "none of these"
UNCLEAR = "unclear"
BOTH = "both"
ANSWERS = (NONE_OF_THESE, UNCLEAR)
"""Words that are allowed for each row in place of a label. `BOTH` is one more choice of rows with open labels."""


def text_sha256(text: str) -> str:
    """Hex sha256 of a text, by which labels given by hand are found: case, width and white space do not count."""
    return sha256_of(normalise(text))


def call_id(request_id: str, vote: int) -> str:
    """Id of a vote's call in journal and fingerprint: the row's own for the first vote."""
    return request_id if vote == 1 else f"{request_id}/{vote}"


def row_of(verdict_call: str) -> str:
    """The row's id in the id of a vote's call."""
    return verdict_call.partition("/")[0]


def row_sha256(input_text: str, label: str | Sequence[str], misleading_label: str) -> str:
    """Hex sha256 of the row that a verdict is about: one of another text or other labels does not count.

    Args:
        input_text: Its text.
        label: Its label; the list of its labels in a task with several labels a text.
        misleading_label: Its misleading label.
    """
    return sha256_of([input_text, label if isinstance(label, str) else list(label), misleading_label])


def row_hashes(rows: pd.DataFrame) -> list[str]:
    """`row_sha256` of some rows; columns input_text, label, labels, misleading_label."""
    labels: list[str | Sequence[str]] = plain(rows["label"])
    if None in labels:
        labels = [own or () if label is None else label for label, own in zip(labels, labels_of(rows), strict=True)]
    return list(map(row_sha256, rows["input_text"].tolist(), labels, rows["misleading_label"].tolist()))


def set_difference(planned: Collection[str], judged: Collection[str]) -> str:
    """The verdict on a row with several labels, in words: the labels that it leaves out, and those that it adds."""
    sides = (("leaves out", planned, judged), ("adds", judged, planned))
    found = [(word, [label for label in own if label not in other]) for word, own, other in sides]
    return ", ".join(f"{word} {' and '.join(map(repr, labels))}" for word, labels in found if labels)


def is_reserved(label: str) -> bool:
    """Whether a label is one of the words that a judge answers in place of a label."""
    return normalise(label) in (NONE_OF_THESE, BOTH)


def reserved_labels_fault(tasks: Iterable[Task]) -> str | None:
    """The error about the first label of a set that is such a word; None if there is none."""
    for task in tasks:
        for name in filter(is_reserved, task.label_names):
            return (
                f"The label {name!r} of the task {shown(task.task)} is what a judge answers in place of a label. Next: "
                "rename it in the tasks file, or set label_check.share to 0"
            )
    return None


def agreements(verdicts: RowTable | pd.DataFrame | None) -> "Callable[[pd.Series[str]], pd.Series]":
    """Function of request ids: whether the judge agrees with the label of each; missing for rows without a verdict.

    It holds 25 bytes a verdict.

    Args:
        verdicts: Columns `LABEL_VERDICTS`; None = nothing is judged.

    Returns:
        A function whose results have the dtype `boolean`, and the index of its argument.
    """
    table = FrameTable(to_frame([], LABEL_VERDICTS)) if verdicts is None else as_table(verdicts)
    judged = IdPositions(table)
    parts = [frame["agrees"].to_numpy(np.bool_) for frame in table.frames(["agrees"])]
    agrees = np.concatenate([*parts, np.zeros(1, np.bool_)])

    def of(request_ids: "pd.Series[str]") -> pd.Series:
        places = judged.of(request_ids.tolist())
        return pd.Series(pd.arrays.BooleanArray(agrees[places], places < 0), request_ids.index)

    return of
