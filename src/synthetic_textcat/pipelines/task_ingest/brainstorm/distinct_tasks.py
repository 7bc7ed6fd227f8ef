"""Distinct tasks: two sentences describe the same task if their content words are nearly equal.

In a script without spaces, the text between two function words counts as one content word: 客户投诉 and 原因 in
根据客户投诉的原因进行分类. Function words are listed for English, Chinese, Japanese and Thai.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from synthetic_textcat.schemas.tasks import normalise
from synthetic_textcat.text.unicode import is_unspaced

if TYPE_CHECKING:
    from rensa import RMinHash

NEAR = 0.75
"""Jaccard similarity at or above which two sentences describe the same task.

Measured on character 5-grams of the content words, without endings and in alphabetical order: 18 rewordings lie at 0.78
and above (16 of them at 1), 16 pairs of distinct but related tasks (another object, or another criterion) at 0.69 and
below, and all pairs of the offline model's stock of 402 at 0.73 and below. On 5-grams of the unchanged sentences the
two kinds overlap: rewordings 0.36 to 0.79, related tasks 0.47 to 0.76. Characters carry more information in scripts
without spaces: on 3-grams, 9 rewordings in Chinese, Japanese and Thai lie at 0.81 and above, 13 related tasks at 0.65
and below.
"""

_PERMUTATIONS, _BANDS = 128, 32  # four rows a band: finds 99.999 % of the pairs at 0.75, and the exact check decides
_SEED = 42
_GRAM, _UNSPACED_GRAM = 5, 3

_FILLERS = """
a an the of to in on at by for from with and or that which who what this these those their its his her it they
is are was were be been being as into about do does
sort classify categorize categorise group identify determine tell decide label assign judge recognise recognize find
detect predict assess
"""
_FILLER_WORDS = frozenset(_FILLERS.split())
_UNSPACED_FILLERS = """
请 请你 根据 按照 依据 依照 按 对 将 把 的 所 其中 其 该 进行 分类 归类 判断 识别 确定 区分 属于 哪个 哪一个 哪种 哪些
何种 什么 一份 一个 一封 一条 一篇 了 和 与 或 在 为 是 到 进 中 类
請 請你 根據 依據 對 將 該 進行 分類 歸類 判斷 識別 確定 區分 屬於 哪個 哪一個 哪種 何種 什麼 一個 一條 與 為 進 類
してください します する した して によって
により による ごとに 別に を に は が の で と へ から まで どの どれ か 判定 判断 特定 識別 ください
จำแนก จัดประเภท จัดหมวดหมู่ แยก ของ ตาม และ ที่ ว่า
"""
_UNSPACED_FILLER = re.compile("|".join(map(re.escape, sorted(_UNSPACED_FILLERS.split(), key=len, reverse=True))))
_GENITIVE = re.compile(r"['\u2019]s?\b")
_SHORTEST_STEM = 3


class DistinctTasks:
    """Set of sentences that describe distinct tasks, with a MinHash LSH index for thousands of them.

    Args:
        taken: Initial sentences.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        from rensa import RMinHashLSH  # only needed for brainstorming

        self._index = RMinHashLSH(NEAR, _PERMUTATIONS, _BANDS)
        self._grams: list[frozenset[str]] = []
        for sentence in taken:
            self.add(sentence)

    def __contains__(self, sentence: str) -> bool:
        """Whether a sentence of the set describes the same task."""
        grams = _grams(sentence)
        return any(_jaccard(grams, self._grams[key]) >= NEAR for key in self._index.query(_minhash(grams)))

    def add(self, sentence: str) -> bool:
        """Adds the sentence if it describes a new task; returns whether it does."""
        if sentence in self:
            return False
        grams = _grams(sentence)
        self._index.insert(len(self._grams), _minhash(grams))
        self._grams.append(grams)
        return True


def _grams(sentence: str) -> frozenset[str]:
    text = f" {' '.join(content_words(sentence))} "
    length = _UNSPACED_GRAM if is_unspaced(text) else _GRAM
    return frozenset(text[start : start + length] for start in range(max(1, len(text) - length + 1)))


def _minhash(grams: frozenset[str]) -> "RMinHash":
    from rensa import RMinHash

    minhash = RMinHash(_PERMUTATIONS, _SEED)
    minhash.update(sorted(grams))
    return minhash


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def content_words(sentence: str) -> list[str]:
    """Stems of the content words, in alphabetical order; all words of a sentence without content words."""
    words = _words(_GENITIVE.sub(" ", normalise(sentence)))
    return sorted(_stems(words)) or words


def _words(text: str) -> list[str]:
    """Runs of letters, digits and combining marks, since vowels of Thai and Hindi are marks."""
    if not text.isascii():
        text = "".join(each if unicodedata.category(each)[0] in "LMN" or each == "_" else " " for each in text)
    return re.findall(r"[^\W]+" if text.isascii() else r"\S+", text)


def _stems(words: list[str]) -> Iterator[str]:
    parts = {part for word in words if is_unspaced(word) for part in _UNSPACED_FILLER.split(word) if part}
    # 投诉 adds nothing to 客户投诉
    yield from (part for part in parts if not any(part != other and part in other for other in parts))
    yield from (_stem(word) for word in words if word not in _FILLER_WORDS and not is_unspaced(word))


def _stem(word: str) -> str:
    """Word without plural, -ing, -ed and final e: crude, but the same for all forms of a word."""
    if word.endswith("ies") and len(word) > _SHORTEST_STEM + 1:
        word = f"{word[:-3]}y"
    elif word.endswith("s") and not word.endswith("ss"):
        word = _without(word, "s")
    for ending in ("ing", "ed", "e"):
        word = _without(word, ending)
    return word


def _without(word: str, ending: str) -> str:
    return word.removesuffix(ending) if len(word) - len(ending) >= _SHORTEST_STEM else word
