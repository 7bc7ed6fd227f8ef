"""Length of texts against the number of words that was asked for."""


def find_wrong_length(text: str, num_words: str | None, language: str | None, factor: float | None) -> str | None:
    """The length of a text that misses the bucket."""
    del text, num_words, language, factor
    return None
