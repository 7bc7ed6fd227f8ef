"""Text that any file can hold."""

from typing import Any


def speakable(value: Any) -> Any:
    """The value with surrogate pairs joined and lone surrogates replaced: UTF-8, and so Parquet, has no place for them.

    Texts within lists and mappings are mended too; nesting must be bounded by the caller.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [speakable(item) for item in value]
    if isinstance(value, dict):
        return {speakable(key): speakable(item) for key, item in value.items()}
    return value
