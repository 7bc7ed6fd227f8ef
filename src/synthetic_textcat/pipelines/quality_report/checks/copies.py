"""Whether a text holds a seed example whole, with words of the model's own around it.

All texts are normalised ones. A seed example is looked for without the punctuation around it, as whole words (in the
sense of `leakage`), and only if it is long enough that nobody writes it by chance.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection

from synthetic_textcat.pipelines.quality_report.checks.leakage import named_as
from synthetic_textcat.text.unspaced import is_unspaced

LEAST_WORDS = 5
LEAST_UNSPACED_LETTERS = 20
"""From either on a seed example is looked for: words between spaces, or letters of scripts that set none.

Of Chinese characters, which say more, half as many do: shorter phrases of thanks and greeting stand in honest texts.
"""

_TOKEN = re.compile(r"\w+")


class Sought:
    """Seed examples that are looked for in texts, thousands of them fast.

    Args:
        seed_texts: Those of a task; of these the ones that are long enough.
    """

    def __init__(self, seed_texts: Collection[str]) -> None:
        self._by_token: defaultdict[str, list[str]] = defaultdict(list)
        self._others: list[str] = []
        for seed in filter(_is_long, map(_unframed, sorted(seed_texts))):
            within = _TOKEN.findall(seed)[1:-1]  # the outer ones may go on in a text of a script without spaces
            (self._by_token[max(within, key=len)] if within else self._others).append(seed)

    def stand_in(self, text: str) -> bool:
        """Whether one of them stands in the text, from the beginning to the end of its words."""
        seeds = list(self._others)
        if self._by_token:
            for token in self._by_token.keys() & set(_TOKEN.findall(text)):
                seeds += self._by_token[token]
        return any(seed in text and named_as(text, seed, None) is not None for seed in seeds)


def _unframed(seed: str) -> str:
    """Without punctuation, symbols and spaces at either end."""
    kept = [place for place, character in enumerate(seed) if unicodedata.category(character)[0] in "LMN"]
    return seed[kept[0] : kept[-1] + 1] if kept else ""


def _is_long(seed: str) -> bool:
    words = sum(any(map(str.isalnum, word)) for word in seed.split())
    letters = [letter for letter in seed if letter.isalpha() and is_unspaced(letter)]
    chinese = sum(unicodedata.name(letter, "").startswith("CJK") for letter in letters)
    return words >= LEAST_WORDS or len(letters) + chinese >= LEAST_UNSPACED_LETTERS
