"""Whether a text holds a seed example whole, with words of the model's own around it.

All texts are normalised ones. A seed example is looked for without the punctuation around it, as whole words (in the
sense of `leakage`), and only if it is long enough that nobody writes it by chance.
"""

import unicodedata
from collections.abc import Collection, Sequence

from synthetic_textcat.pipelines.quality_report.checks.leakage import is_unspaced, named_as

LEAST_WORDS = 5
LEAST_UNSPACED_LETTERS = 10
"""From either on a seed example is looked for: words between spaces, or letters of scripts that set none."""


def sought_among(seed_texts: Collection[str]) -> list[str]:
    """Those that are long enough to be looked for within a text, as they are looked for."""
    return [seed for seed in map(_unframed, sorted(seed_texts)) if _is_long(seed)]


def holds_one(text: str, sought: Sequence[str]) -> bool:
    """Whether one of them stands in the text, from the beginning to the end of its words."""
    return any(seed in text and named_as(text, seed, None) is not None for seed in sought)


def _unframed(seed: str) -> str:
    """Without punctuation, symbols and spaces at either end."""
    kept = [place for place, character in enumerate(seed) if unicodedata.category(character)[0] in "LMN"]
    return seed[kept[0] : kept[-1] + 1] if kept else ""


def _is_long(seed: str) -> bool:
    words = sum(any(map(str.isalnum, word)) for word in seed.split())
    letters = sum(letter.isalpha() and is_unspaced(letter) for letter in seed)
    return words >= LEAST_WORDS or letters >= LEAST_UNSPACED_LETTERS
