"""Ends of texts: whether a text stops in the middle of a sentence."""


def find_cut(text: str, language: str | None, fewest: int | None) -> str | None:
    """Why a text counts as cut off."""
    del text, language, fewest
    return None
