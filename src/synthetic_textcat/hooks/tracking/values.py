"""What the marked datasets say in numbers and short texts."""

import math

from synthetic_textcat.hooks.tracking.catalog_metadata import Marked
from synthetic_textcat.hooks.tracking.parameters import safe_key

_TAG_LIMIT = 5000


def metrics_of(item: Marked) -> dict[str, float]:
    """The finite numbers of a metrics dataset, if this run saved it: what it only read is another run's result."""
    if not (item.marks.metrics and item.saved):
        return {}
    return {safe_key(name): float(value) for name, value in item.dataset.load().items() if _is_number(value)}


def tags_of(item: Marked) -> dict[str, str]:
    """The dataset's texts as the tags that it asks for, and the sha256 of its file where the file's bytes matter."""
    tags = {}
    if item.marks.tag and (text := str(item.dataset.load()).strip()):
        tags[safe_key(item.marks.tag)] = text[:_TAG_LIMIT]
    if item.marks.tags and item.saved:
        texts = ((name, value) for name, value in item.dataset.load().items() if isinstance(value, str))
        tags |= {safe_key(f"{item.name}.{name}"): value[:_TAG_LIMIT] for name, value in texts}
    if item.is_file_kept and item.sha256:
        tags[safe_key(f"sha256.{item.name}")] = item.sha256
    return tags


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
