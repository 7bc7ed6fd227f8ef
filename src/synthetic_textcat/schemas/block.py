"""Base class of parameter blocks, valid weights, thresholds for warnings and failures, and bounds of text checks."""

import re
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Level = Literal["fail", "warn"]
LEAST, MOST = 1e-6, 1e9
RANGE = "a number from 0.000001 to 1,000,000,000"

_DECIMAL_COMMA = re.compile(r"\s*(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))\s*")  # not 1,000, which may be a thousand


def no_boolean(value: Any) -> Any:
    """The value, unless it is a boolean, which Python would accept as 1 or 0."""
    if isinstance(value, bool):
        raise ValueError("is true or false; give a number")  # noqa: TRY004  pydantic wants a ValueError
    return value


class Block(BaseModel):
    """A block of `conf/base/parameters.yml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean_is_a_number(cls, value: Any, info: Any) -> Any:
        is_switch = cls.model_fields[info.field_name].annotation is bool
        return value if is_switch else no_boolean(value)


class Most(Block):
    """Upper thresholds of a share.

    Attributes:
        warn: Above this value the report warns; null = never.
        fail: Above this value the run ends with an error, after everything is saved; null = never.
    """

    warn: float | None = Field(None, ge=0, le=1)
    fail: float | None = Field(None, ge=0, le=1)
    is_least: ClassVar[bool] = False

    @model_validator(mode="after")
    def _warns_before_it_fails(self) -> Self:
        if self.warn is not None and self.fail is not None and self._is_worse(self.warn, self.fail):
            side = "above" if self.is_least else "below"
            raise ValueError(f"warn={self.warn:g} would never be reported; it must be {side} fail={self.fail:g}")
        return self

    def level(self, value: float) -> Level | None:
        """The level that the value reaches; None if it is within both thresholds."""
        if self.fail is not None and self._is_worse(value, self.fail):
            return "fail"
        return "warn" if self.warn is not None and self._is_worse(value, self.warn) else None

    def excess(self, value: float) -> float:
        """Distance of the value beyond the first threshold, as a share of the range to the worst value: 0 to 1."""
        limit = self.warn if self.warn is not None else self.fail
        if limit is None:
            return 0.0
        return (limit - value) / (limit or 1.0) if self.is_least else (value - limit) / ((1.0 - limit) or 1.0)

    def _is_worse(self, value: float, limit: float) -> bool:
        return value < limit if self.is_least else value > limit


class Least(Most):
    """Lower thresholds of a share: warns and fails below them."""

    is_least: ClassVar[bool] = True


class Thresholds(Block):
    """Thresholds by name; `pipelines/quality_report/threshold_rules.py` maps each to its metric."""

    parsed: Least = Least(warn=0.95, fail=0.80)
    same_labels: Most = Most(warn=0.01)
    leaked: Most = Most(warn=0.02, fail=0.10)
    exact_duplicates: Most = Most(warn=0.01)
    near_duplicates: Most = Most(warn=0.05, fail=0.20)
    language_agreement: Least = Least(warn=0.95)
    language_agreement_lowest: Least = Least(warn=0.80)
    length_in_bucket: Least = Least(warn=0.70)
    readability_order: Least = Least(warn=0.90)
    coverage: Most = Most(warn=0.10)
    label_entropy_lowest: Least = Least(warn=0.70)
    longer_label: Most = Most(warn=0.70)
    length_shortcut: Most = Most(warn=0.50)
    word_shortcut: Most = Most(warn=0.80)
    learnability: Least = Least(warn=0.50)
    label_noise: Most = Most(warn=0.10)
    label_agreement: Least = Least(warn=0.90)
    label_ambiguous: Most = Most(warn=0.10)


class TextChecks(Block):
    """Bounds of the reject reasons for texts, by the name of the reason; null = not judged.

    Attributes:
        not_a_text: Number of artefacts (control characters, escapes, template tokens, ...) from which a text is none.
        placeholder: Number of gaps to be filled in.
        about_the_task: Points for phrases about the task, its labels or the prompt: 3 for a sure one, 1 for a hint.
        prompt_echo: Share of the text's word trigrams that stand in the prompt, 0 to 1.
        repetitive: Share of the text that repeats an earlier part of it, 0 to 1.
        cut_off: Number of words from which a text must end as texts do.
        length_off: Factor under or over the number of words that was asked for.
    """

    not_a_text: int | None = Field(1, ge=1)
    placeholder: int | None = Field(1, ge=1)
    about_the_task: int | None = Field(3, ge=1)
    prompt_echo: float | None = Field(0.4, gt=0, le=1)
    repetitive: float | None = Field(0.5, gt=0, le=1)
    cut_off: int | None = Field(5, ge=1)
    length_off: float | None = Field(2.0, ge=1)


def with_decimal_point(number: object) -> object:
    """A number's text with a point in place of a decimal comma, as spreadsheets write it in German or French.

    A comma that may separate thousands stays, as does all else.
    """
    is_decimal = isinstance(number, str) and _DECIMAL_COMMA.fullmatch(number)
    return str(number).replace(",", ".") if is_decimal else number


def is_weight(weight: object) -> bool:
    """Whether the value is a number in the allowed range; booleans are not."""
    return isinstance(weight, int | float) and not isinstance(weight, bool) and LEAST <= weight <= MOST
