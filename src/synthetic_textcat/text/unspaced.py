"""Scripts that set no spaces between words: Chinese, Japanese, Thai, Lao, Khmer, Burmese."""

import regex

UNSPACED = (
    r"\p{Han}"
    r"\p{Hiragana}\p{Katakana}\u30fc\uff70\u3099-\u309c"  # the marks of kana belong to both, and to neither by property
    r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
)
"""Their characters by Unicode's script property, as the inside of a character class of the package `regex`."""

UNSPACED_LETTER = regex.compile(f"[{UNSPACED}]")


def is_unspaced(text: str) -> bool:
    """Whether the text has a character of such a script."""
    return UNSPACED_LETTER.search(text) is not None
