"""Validation of replies to planned rows: with one label, or with several for rows of multi-label tasks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.llm.calls.policy import Judge, judging
from synthetic_textcat.schemas.completions import Completion, Reply, RowReply
from synthetic_textcat.schemas.label_sets import LABELS, has_several_labels
from synthetic_textcat.schemas.several_labels_replies import SeveralLabelsReply
from synthetic_textcat.tables import IdPositions, RowTable, filtered


def row_judge(requests: RowTable) -> Judge[RowReply]:
    """Validation of the replies to these rows; 24 bytes are held for each multi-label row.

    Args:
        requests: The plan, or a part of it.
    """
    several = multi_label_mask(requests)
    if not several.any():
        return judging(Reply)
    positions = IdPositions(filtered(requests, several, ["request_id"]))

    def wanted(completion: Completion) -> type[RowReply]:
        return SeveralLabelsReply if positions.of_one(completion.request_id) >= 0 else Reply

    return Judge(wanted)


def multi_label_mask(requests: RowTable) -> NDArray[np.bool_]:
    """Mask of the multi-label rows of a plan: they have labels, but not one label."""
    if LABELS not in requests:  # of an earlier version
        return np.zeros(len(requests), np.bool_)
    frames = requests.frames(["label", LABELS])
    parts = [(frame["label"].isna() & frame[LABELS].notna()).to_numpy() for frame in frames]
    return np.concatenate([np.empty(0, np.bool_), *parts])


def reply_of(row: Any) -> type[RowReply]:
    """Form of the reply to a planned row."""
    return SeveralLabelsReply if has_several_labels(row) else Reply
