"""The words of a task's sentence that say what is sorted, and by what: without those that all such sentences share.

Where a script sets no spaces, what stands between two such words counts as one word: 客户投诉 and 原因 of
根据客户投诉的原因进行分类. Lists are there for English, Chinese, Japanese and Thai.
"""

import re
import unicodedata
from collections.abc import Iterator

from synthetic_textcat.schemas.tasks import normalise
from synthetic_textcat.text.unspaced import is_unspaced

_FILLERS = """
a an the of to in on at by for from with and or that which who what this these those their its his her it they
is are was were be been being as into about do does
sort classify categorize categorise group identify determine tell decide label assign judge recognise recognize find
detect predict assess
"""
_SAYS_NOTHING = frozenset(_FILLERS.split())
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


def content_words(sentence: str) -> list[str]:
    """The content words by their stems, in alphabetical order; all words of a sentence that has none."""
    words = _words(_GENITIVE.sub(" ", normalise(sentence)))
    return sorted(_stems(words)) or words


def _words(text: str) -> list[str]:
    """Runs of letters, digits and the marks on them: vowels of Thai and Hindi are marks."""
    if not text.isascii():
        text = "".join(each if unicodedata.category(each)[0] in "LMN" or each == "_" else " " for each in text)
    return re.findall(r"[^\W]+" if text.isascii() else r"\S+", text)


def _stems(words: list[str]) -> Iterator[str]:
    parts = {part for word in words if is_unspaced(word) for part in _UNSPACED_FILLER.split(word) if part}
    # 投诉 says nothing beside 客户投诉
    yield from (part for part in parts if not any(part != other and part in other for other in parts))
    yield from (_stem(word) for word in words if word not in _SAYS_NOTHING and not is_unspaced(word))


def _stem(word: str) -> str:
    """The word without plural, -ing, -ed and closing e: crude, but alike for all forms of a word."""
    if word.endswith("ies") and len(word) > _SHORTEST_STEM + 1:
        word = f"{word[:-3]}y"
    elif word.endswith("s") and not word.endswith("ss"):
        word = _without(word, "s")
    for ending in ("ing", "ed", "e"):
        word = _without(word, ending)
    return word


def _without(word: str, ending: str) -> str:
    return word.removesuffix(ending) if len(word) - len(ending) >= _SHORTEST_STEM else word
