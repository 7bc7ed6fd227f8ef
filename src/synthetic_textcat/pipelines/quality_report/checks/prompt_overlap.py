"""Overlap of texts with their prompt: the share of a text's runs of three words that stand in the prompt.

The prompt is the task's sentence, its labels with their descriptions, the lines of the prompt templates, and the task's
seed examples. In scripts without spaces, runs of five characters take the place of words.

A text on the topic shares some runs with the task's sentence by chance: none of the offline model's texts, nor of 200
written by hand, reaches the bound with the prompts of the shipped tasks.

Exact and near copies of seed examples are left to the comparisons, which name them.
"""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, Self

from synthetic_textcat.text.comparison import comparable
from synthetic_textcat.text.minhash import grams_of, jaccard
from synthetic_textcat.text.unicode import is_unspaced
from synthetic_textcat.text.words import ngrams

_WORD = re.compile(r"\w+")
_RUN = 3  # words
_UNSPACED_RUN = 5  # characters
_FEWEST_SHARED = 3
_FEWEST_WORDS = 4  # of a text that consists of words of the prompt
_COPY = 0.8
_QUOTED = 80

Runs = frozenset[tuple[str, ...]]


class PromptIndex(NamedTuple):
    """Runs of words in the prompts of a task.

    Attributes:
        own: Of the task and of the prompt templates.
        seeds: Of its seed examples.
        seed_texts: The seed examples, normalised.
    """

    own: Runs = frozenset()
    seeds: Runs = frozenset()
    seed_texts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, task_text: str, instructions: Collection[str], seed_texts: Collection[str]) -> Self:
        """The index of a task.

        Args:
            task_text: Its sentence, labels and descriptions, normalised, one a line.
            instructions: Lines of the prompt templates.
            seed_texts: Its seed examples, normalised.
        """
        return cls(
            _runs_of_lines((*task_text.splitlines(), *instructions)),
            _runs_of_lines(tuple(sorted(seed_texts))),
            frozenset(seed_texts),
        )


@lru_cache(maxsize=2048)
def _runs_of_lines(lines: tuple[str, ...]) -> Runs:
    return frozenset(run for line in lines for run in _runs(_tokens(comparable(line))))


def find_overlap(text: str, words: list[str], index: PromptIndex, most: float | None) -> str | None:
    """The words that a text shares with its prompt, if they are more than a share of it.

    Args:
        text: Normalised.
        words: Its pieces between spaces.
        index: Of the text's task.
        most: Share of the text's runs, 0 to 1, from which it is rejected; None = not judged.
    """
    if most is None:
        return None
    if len(words) > 4 * _FEWEST_WORDS and not is_unspaced(text[:_QUOTED]):
        every_other = (words[::2], words[1::2], words[2::2])  # run: half of the work
        is_own = not index.own.isdisjoint(zip(*every_other, strict=False))
        if not is_own and (not index.seeds or index.seeds.isdisjoint(zip(*every_other, strict=False))):
            return None
    tokens = _tokens(text)
    runs = list(_runs(tokens))
    for shared, kind in ((index.own, "prompt"), (index.seeds, "a seed example")):
        places = [place for place, run in enumerate(runs) if run in shared]
        is_whole = len(places) == len(runs) > 0 and len(tokens) >= _FEWEST_WORDS
        if is_whole or (len(places) >= _FEWEST_SHARED and len(places) >= most * len(runs)):
            if shared is index.seeds and _is_copy(text, index.seed_texts):
                return None
            return f"{len(places) / len(runs):.0%} of its words are those of {kind}: {_quoted(tokens, places)}"
    return None


def _quoted(tokens: list[str], places: list[int]) -> str:
    """The longest run of shared words."""
    best, start = (places[0], places[0]), places[0]
    for previous, place in pairwise(places):
        start = start if place == previous + 1 else place
        best = max(best, (start, place), key=lambda span: span[1] - span[0])
    joint = " " if any(len(token) > 1 for token in tokens) else ""
    size = _RUN if joint else _UNSPACED_RUN
    return repr(joint.join(tokens[best[0] : best[1] + size])[:_QUOTED])


def _is_copy(text: str, seed_texts: Iterable[str]) -> bool:
    """Whether `exact_duplicate` or `near_duplicate` finds it."""
    grams = grams_of(text)
    return any(seed in text or jaccard(grams_of(seed), grams) >= _COPY for seed in seed_texts)


def _tokens(text: str) -> list[str]:
    if is_unspaced(text):
        return [character for character in text if character.isalnum()]
    return _WORD.findall(text)


def _runs(tokens: list[str]) -> Iterable[tuple[str, ...]]:
    size = _UNSPACED_RUN if tokens and all(len(token) == 1 for token in tokens) else _RUN
    return ngrams(tokens, size)
