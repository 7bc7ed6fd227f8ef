"""Label check: columns of verdicts, of the drawn sample and of labels given by hand; the words for no label."""

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
