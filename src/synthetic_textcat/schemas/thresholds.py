"""From where on a metric is a warning, and from where on the run is a failure: parameters of the quality report."""

from pydantic import Field

from synthetic_textcat.schemas.block import Block


class Threshold(Block):
    """Of one metric, a share.

    Attributes:
        warn: Beyond it the report warns; null = never.
        fail: Beyond it the run ends in an error, after everything is saved; null = never.
    """

    warn: float | None = Field(None, ge=0, le=1)
    fail: float | None = Field(None, ge=0, le=1)


def _of(warn: float | None = None, fail: float | None = None) -> Threshold:
    return Threshold(warn=warn, fail=fail)


class Thresholds(Block):
    """By name; `pipelines/quality_report/thresholds.py` says which metric each is of, and which side is the worse."""

    parsed: Threshold = _of(0.95, 0.80)
    same_labels: Threshold = _of(0.01)
    leaked: Threshold = _of(0.02, 0.10)
    exact_duplicates: Threshold = _of(0.01)
    near_duplicates: Threshold = _of(0.05, 0.20)
    language_agreement: Threshold = _of(0.95)
    language_agreement_lowest: Threshold = _of(0.80)
    length_in_bucket: Threshold = _of(0.70)
    readability_order: Threshold = _of(0.99)
    coverage: Threshold = _of(0.10)
    label_entropy_lowest: Threshold = _of(0.70)
    longer_label: Threshold = _of(0.70)
    length_shortcut: Threshold = _of(0.50)
    word_shortcut: Threshold = _of(0.80)
    learnability: Threshold = _of(0.50)
    label_noise: Threshold = _of(0.10)
