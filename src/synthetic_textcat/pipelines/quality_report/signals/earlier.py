"""What the run before measured, as far as the file of this one can tell."""

from collections.abc import Mapping
from typing import Any, TypedDict

from synthetic_textcat.pipelines.quality_report.metrics import Metrics
from synthetic_textcat.text.diversity_sample import Sample


class Earlier(TypedDict):
    """Another run's diversity.

    Attributes:
        metrics: By full name.
        languages: Share of its sample by language.
    """

    metrics: Metrics
    languages: dict[str, float]


class Memory(TypedDict):
    """What is kept beside the numbers, for the next run.

    Attributes:
        sample_sha256: Of the sampled texts: tells new data from the same data measured again.
        languages: Share of the sample by language.
        previous: What this run was compared with.
    """

    sample_sha256: str
    languages: dict[str, float]
    previous: Earlier | None


def earlier_than(sample: Sample, last: Mapping[str, Any] | None) -> Earlier | None:
    """What to compare the sample with: what the file that was left measured, or that one's own if the data is the same.

    Args:
        sample: Of this run.
        last: The file's content: `Measured` as JSON with a `Memory`; None if there is none.
    """
    if not last or "sample_sha256" not in last:  # none, or left by a version that did not compare
        return None
    if last["sample_sha256"] == sample.sha256:
        previous: Earlier | None = last["previous"]
        return previous
    return Earlier(metrics=last["metrics"], languages=last["languages"])


def memory_of(sample: Sample, last: Mapping[str, Any] | None) -> Memory:
    """What to keep for the next run."""
    return Memory(sample_sha256=sample.sha256, languages=sample.languages, previous=earlier_than(sample, last))
