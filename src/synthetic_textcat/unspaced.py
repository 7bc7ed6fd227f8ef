"""Scripts that set no spaces between words: Chinese, Japanese, Thai, Lao, Khmer, Burmese."""

import re

UNSPACED = (
    "\u2e80-\u2fdf\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "\u3040-\u30ff\u31f0-\u31ff"  # kana
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1780-\u17ff"  # Khmer
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Burmese
)
"""Their characters, as the inside of a character class."""

UNSPACED_LETTER = re.compile(f"[{UNSPACED}]")


def is_unspaced(text: str) -> bool:
    """Whether the text has a character of such a script."""
    return UNSPACED_LETTER.search(text) is not None
