"""Replies of a judge: their JSON Schema, with the options in the order of the question, and their validation."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from synthetic_textcat.schemas.completions import LabelText, object_schema

VERDICT = "label_verdict"
VERDICT_OF_TWO = "label_verdict_of_two"
"""Names of the schemas, for tasks with a label set and for those without one."""


class VerdictReply(BaseModel):
    """The label that fits a text, and a second one that fits as well; `none of these` if there is none.

    The second one may be missing: not every server enforces the schema, and the verdict is paid for.
    """

    model_config = ConfigDict(frozen=True)

    verdict: LabelText
    also_fits: LabelText | None = None


class VerdictOfTwoReply(BaseModel):
    """Which of two labels fits a text: one of them, `both`, or `none of these`."""

    model_config = ConfigDict(frozen=True)

    verdict: LabelText


def verdict_schema(options: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of a `VerdictReply`; the order of the enum is that of the question."""
    option = {"type": "string", "enum": list(options)}
    return object_schema(VERDICT, {"verdict": option, "also_fits": option})


def verdict_of_two_schema(options: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of a `VerdictOfTwoReply`; the order of the enum is that of the question."""
    return object_schema(VERDICT_OF_TWO, {"verdict": {"type": "string", "enum": list(options)}})
