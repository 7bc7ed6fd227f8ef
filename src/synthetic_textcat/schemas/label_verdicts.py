"""Label check: columns of verdicts, of the drawn sample and of labels given by hand; the words for no label."""

import pandas as pd

from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.schemas.tasks import normalise

LABEL_VERDICTS = {
    "request_id": "str",
    "verdict": "str",
    "votes": "int64",
    "agrees": "bool",
    "ambiguous": "bool",
    "model_name": "str",
}
"""Verdicts of a judge that was asked blind, one row each.

`verdict` is a label of the row's set, `NONE_OF_THESE`, or missing if the votes are undecided. `votes` counts the votes
for it. `agrees`: it is the row's label. `ambiguous`: the judge accepts the misleading label too.
"""

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
}
"""Rows drawn for labelling by hand, with all that the file does not say.

`labels`: list of the labels to choose from. `stratum`: `AGREED`, `DISPUTED`, or `UNJUDGED` if there was no verdict.
`probability`: of the row's being drawn. `rows`: accepted rows at that time.
"""

HAND_LABELS = {"task_id": "str", "text_sha256": "str", "label": "str"}
"""Labels given by hand, in any run: a label of the row's set, or one of `ANSWERS`."""

NONE_OF_THESE = "none of these"
UNCLEAR = "unclear"
BOTH = "both"
ANSWERS = (NONE_OF_THESE, UNCLEAR)
"""Words that are allowed for each row in place of a label. `BOTH` is one more choice of rows with open labels."""


def text_sha256(text: str) -> str:
    """Hex sha256 of a text, by which labels given by hand are found: case, width and white space do not count."""
    return sha256_of(normalise(text))


def agreements(request_ids: "pd.Series[str]", verdicts: pd.DataFrame | None) -> pd.Series:
    """Whether the judge agrees with the label of each row; missing for rows without a verdict.

    Args:
        request_ids: Of the rows.
        verdicts: Columns `LABEL_VERDICTS`; None = nothing is judged.

    Returns:
        The dtype `boolean`, the index of `request_ids`.
    """
    known = {} if verdicts is None else dict(zip(verdicts["request_id"], verdicts["agrees"], strict=True))
    return pd.Series(pd.array([known.get(row) for row in request_ids], dtype="boolean"), request_ids.index)
