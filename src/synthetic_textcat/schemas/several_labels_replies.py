"""Replies with several labels a text: their JSON Schema, and their validation in the forms that models write."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from synthetic_textcat.schemas.completions import LabelText, MaskedText, RowReply, object_schema

_NAME_KEYS = frozenset(("label", "labels", "name"))


def _listed(labels: Any) -> Any:
    """The labels as a list; models that no server holds to the schema nest it, or write a text, null or marks."""
    if labels is None:
        return []
    if isinstance(labels, str):
        return [labels]
    if isinstance(labels, Mapping) and all(isinstance(mark, bool) for mark in labels.values()):
        return [label for label, fits in labels.items() if fits]
    if not isinstance(labels, list | tuple):
        inner = _name_in(labels)
        return labels if inner is labels else _listed(inner)
    flat = (name for item in map(_name_in, labels) for name in (item if isinstance(item, list) else [item]))
    return [name for name in flat if name is not None]


def _name_in(item: Any) -> Any:
    """The content of an object that names a label, as in `{"label": "Billing"}`, perhaps with its description."""
    if isinstance(item, Mapping):
        keys = item.keys() - {"description"}
        if len(keys) == 1 and keys <= _NAME_KEYS:
            return item[next(iter(keys))]
    return item


class SeveralLabelsReply(RowReply):
    """A row with any number of labels, none included.

    `label` counts for `labels` if that is missing. A single text may name several labels: which ones, only the label
    set can tell (`label_names.labels_in_set`).
    """

    input_text: MaskedText
    labels: Annotated[tuple[LabelText, ...], BeforeValidator(_listed)]
    misleading_label: LabelText

    @model_validator(mode="before")
    @classmethod
    def _label_counts_for_labels(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and "labels" not in value and "label" in value:
            return {**value, "labels": value["label"]}
        return value


def several_labels_schema(label_names: Sequence[str], sizes: Collection[int]) -> dict[str, Any]:
    """JSON Schema of a row with several labels; one schema per task, so that servers cache it.

    Args:
        label_names: The label set.
        sizes: Numbers of labels that the task's texts may have.
    """
    label = {"type": "string", "enum": list(label_names)}
    labels = _list_of(label, min(sizes), max(sizes))
    return object_schema("example", {"input_text": {"type": "string"}, "labels": labels, "misleading_label": label})


def planned_several_labels_schema(labels: Sequence[str], misleading_label: str) -> dict[str, Any]:
    """JSON Schema of a row whose labels are fixed: it allows no others, and has them before the text.

    The constant keeps a small model from repeating a label in place of another; a server that does not know a constant
    list has the other keywords.
    """
    label = {"type": "string", "enum": list(labels)} if labels else {"type": "string"}
    planned = {
        "labels": {**_list_of(label, len(labels), len(labels)), "const": list(labels)},
        "misleading_label": {"type": "string", "const": misleading_label},
    }
    return object_schema("example", {**planned, "input_text": {"type": "string"}})


def _list_of(item: dict[str, Any], least: int, most: int) -> dict[str, Any]:
    """Schema of a list; many servers refuse `uniqueItems` (docs/providers.md), and repeated labels do no harm."""
    return {"type": "array", "items": item, "minItems": least, "maxItems": most}
