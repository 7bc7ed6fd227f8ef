"""Near duplicates between two sets of texts, which keep training and test apart, against comparisons one by one."""

import random
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from synthetic_textcat.text.cross_set import CrossSetMatcher
from synthetic_textcat.text.minhash import PERMUTATIONS, bands_for, grams_of, jaccard, least_estimate, sketches_of
from tests.text.test_near_duplicates import of_template, shuffled, texts_with_copies_of_templates

_LETTERS = "etaoinshrdlu"
_MOST_IN_A_BUCKET = 64

Mask = NDArray[np.bool_]


def _one_by_one(texts: Sequence[str], threshold: float, asked: Mask, others: Mask) -> list[bool]:
    """The answers by buckets that hold all texts in memory, each text compared with all of its buckets' first 64."""
    sketches = sketches_of(texts, bands_for(threshold))
    buckets: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place in np.flatnonzero(others).tolist():
        for key in enumerate(sketches.keys[:, place].tolist()):
            if len(buckets[key]) < _MOST_IN_A_BUCKET:
                buckets[key].append(place)

    def is_near(place: int) -> bool:
        candidates = {each for key in enumerate(sketches.keys[:, place].tolist()) for each in buckets.get(key, ())}
        own = sketches.digests[place]
        return any(
            (sketches.digests[each] == own).sum() >= PERMUTATIONS * least_estimate(threshold)
            and jaccard(grams_of(texts[each]), grams_of(texts[place])) >= threshold
            for each in candidates
        )

    return [bool(asked[place]) and is_near(place) for place in range(len(texts))]


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.8])
def test_each_answer_is_that_of_a_comparison_one_by_one(threshold: float) -> None:
    dice = random.Random(4)
    vocabulary = ["".join(dice.choices(_LETTERS, k=dice.randint(2, 9))) for _ in range(200)]
    alike = [" ".join(dice.choices(vocabulary, k=30)) for _ in range(300)]  # share buckets, and are not similar
    texts = shuffled(alike, _families(5, 40), of_template(6, 120, 1), of_template(7, 80, 14))
    kinds = np.arange(len(texts)) % 5
    found = CrossSetMatcher(texts, threshold).near(kinds > 1, kinds == 0)
    assert found.tolist() == _one_by_one(texts, threshold, kinds > 1, kinds == 0)
    assert found.sum() > 100


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [0.5, 0.6])
def test_a_hundred_thousand_texts_with_copies_of_templates_have_the_answers_of_a_comparison_one_by_one(
    threshold: float,
) -> None:
    texts = texts_with_copies_of_templates(98_000)
    others = np.arange(len(texts)) % 5 > 0  # more than are read at once
    found = CrossSetMatcher(texts, threshold).near(~others, others)
    assert found.tolist() == _one_by_one(texts, threshold, ~others, others)
    assert found.sum() > 300


def _text(dice: random.Random, words: int = 30) -> list[str]:
    return ["".join(dice.choices(_LETTERS, k=dice.randint(2, 9))) for _ in range(words)]


def _families(seed: int, families: int) -> list[str]:
    dice = random.Random(seed)
    texts: list[str] = []
    for _ in range(families):
        words = _text(dice)
        texts.extend(" ".join(_text(dice, changed) + words[changed:]) for changed in (0, 1, 3, 6))
    dice.shuffle(texts)
    return texts


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.8])
def test_nearly_all_near_texts_are_found_and_no_other(threshold: float) -> None:
    texts = _families(3, 40)
    others = np.arange(len(texts)) % 3 == 0
    found = CrossSetMatcher(texts, threshold).near(~others, others)
    grams = [grams_of(text) for text in texts]
    near = [any(jaccard(own, grams[other]) >= threshold for other in np.flatnonzero(others)) for own in grams]
    expected = np.array(near) & ~others
    assert expected.sum() > 20
    assert not (found & ~expected).any()
    assert (found & expected).sum() / expected.sum() >= 0.98


def test_the_first_of_a_crowded_bucket_are_compared_with() -> None:
    texts = ["one and the same text"] * 300
    asked = np.arange(300) >= 200
    assert CrossSetMatcher(texts, 0.8).near(asked, ~asked).tolist() == asked.tolist()


def test_nothing_asked_or_nothing_to_compare_with_is_nothing_found() -> None:
    near = CrossSetMatcher(["a text", "a text"], 0.8)
    none, everything = np.zeros(2, bool), np.ones(2, bool)
    assert not near.near(none, everything).any()
    assert not near.near(everything, none).any()
