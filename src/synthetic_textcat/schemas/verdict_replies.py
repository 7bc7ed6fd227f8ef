"""Replies of a judge: their JSON Schema, with the options in the order of the question, and their validation."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from synthetic_textcat.schemas.completions import LabelText, object_schema

VERDICT = "label_verdict"
VERDICT_OF_TWO = "label_verdict_of_two"
VERDICT_OF_SEVERAL = "label_verdict_of_several"
"""Names of the schemas, for tasks with a label set, for those without one, and for those with several labels a text."""

YES, NO = "yes", "no"
_ANSWERS = {"yes": YES, "true": YES, "no": NO, "false": NO}


class VerdictReply(BaseModel):
    """The label that fits a text, and a second one that fits as well; `none of these` if there is none.

    The second one may be missing: not every server enforces the schema, and the verdict is paid for.
    """

    model_config = ConfigDict(frozen=True)

    verdict: LabelText
    also_fits: LabelText | None = None


class VerdictOfTwoReply(BaseModel):
    """Reply to a choice between two labels: one of them, `both`, or `none of these`."""

    model_config = ConfigDict(frozen=True)

    verdict: LabelText


def _answered(fits: Any) -> Any:
    return _ANSWERS.get(str(fits).strip().rstrip(".!").casefold(), fits) if isinstance(fits, str | bool) else fits


def _listed(answers: Any) -> Any:
    """Answers by label as a list: models that no server holds to the schema write them so."""
    if not isinstance(answers, Mapping) or {*answers} == {"label", "fits"}:
        return answers
    return [{"label": label, "fits": fits} for label, fits in answers.items()]


class LabelAnswer(BaseModel):
    """Whether a label fits a text, by yes or no."""

    model_config = ConfigDict(frozen=True)

    label: LabelText
    fits: Annotated[LabelText, BeforeValidator(_answered)]


class VerdictOfSeveralReply(BaseModel):
    """The labels of a task with several labels a text, each with whether it fits."""

    model_config = ConfigDict(frozen=True)

    answers: Annotated[tuple[LabelAnswer, ...], BeforeValidator(_listed)]


def verdict_schema(options: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of a `VerdictReply`; the order of the enum is that of the question."""
    option = {"type": "string", "enum": list(options)}
    return object_schema(VERDICT, {"verdict": option, "also_fits": option})


def verdict_of_two_schema(options: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of a `VerdictOfTwoReply`; the order of the enum is that of the question."""
    return object_schema(VERDICT_OF_TWO, {"verdict": {"type": "string", "enum": list(options)}})


def verdict_of_several_schema(labels: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of a `VerdictOfSeveralReply`; the order of the enum is that of the question.

    The number of answers is in the prompt: not every server accepts bounds.
    """
    fields = {"label": {"type": "string", "enum": list(labels)}, "fits": {"type": "string", "enum": [YES, NO]}}
    answer = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    return object_schema(VERDICT_OF_SEVERAL, {"answers": {"type": "array", "items": answer}})
