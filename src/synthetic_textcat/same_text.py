"""When two texts count as the same."""

import unicodedata


def normalised(text: str) -> str:
    """The text as it counts for comparison: NFKC, case folded, white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
