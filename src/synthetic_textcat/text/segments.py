"""Segments of texts by Unicode's rules: words of scripts without spaces, by ICU, and characters as readers count them.

ICU finds words of Chinese, Japanese, Thai, Lao, Khmer and Burmese by dictionaries. Elsewhere, words are counted by
`words.counted`, which is faster and takes "well-known" for one word.
"""

from collections.abc import Sequence

import regex

GRAPHEME = regex.compile(r"\X")
"""A character as a reader counts it (grapheme cluster)."""


def words_by_icu(texts: Sequence[str]) -> list[int]:
    """Number of words of each text by ICU's word breaks; a word has a letter or digit. 0.3 µs a character."""
    from icu4py.breakers import WordBreaker  # 40 MB of tables, for six languages only

    # Its `segments` are offsets in UTF-16, which are others in Python after an emoji.
    return [sum(any(map(str.isalnum, segment)) for segment in WordBreaker(text, "und")) for text in texts]


def characters(text: str) -> int:
    """Number of characters as a reader counts them (grapheme clusters), spaces included."""
    return len(text) if text.isascii() else len(GRAPHEME.findall(text))
