"""Same labels: whether two labels of a row are one, by the kind of its label set."""

from functools import lru_cache

from synthetic_textcat.schemas.label_names import label_form
from synthetic_textcat.text.comparison import comparable, first_alike


@lru_cache(maxsize=1 << 14)
def are_one_name(label: str, other: str) -> bool:
    """Whether two labels of a closed set differ in typography at most."""
    return label == other or first_alike((label, other)) is not None


def are_one_open_label(label: str, other: str, code: str | None) -> bool:
    """Whether two open labels of a language, by its code, have one form."""
    return _form(label, code) == _form(other, code)


@lru_cache(maxsize=1 << 14)
def _form(label: str, code: str | None) -> str:
    return comparable(label_form(label), code)
