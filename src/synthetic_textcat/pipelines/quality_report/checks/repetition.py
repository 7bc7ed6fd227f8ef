"""Repetition within texts."""


def find_repetition(text: str, most: float | None) -> str | None:
    """The repeated part of a text."""
    del text, most
    return None
