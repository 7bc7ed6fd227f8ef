"""What keeps training and test apart, against a comparison of all pairs."""

import random

import numpy as np
import pytest

from synthetic_textcat.text.near_duplicates import grams_of, jaccard
from synthetic_textcat.text.near_others import Resemblance

_LETTERS = "etaoinshrdlu"


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
    texts = _families(3, 60)
    others = np.arange(len(texts)) % 3 == 0
    found = Resemblance(texts, threshold).near(~others, others)
    near = [
        any(jaccard(grams_of(text), grams_of(texts[other])) >= threshold for other in np.flatnonzero(others))
        for text in texts
    ]
    expected = np.array(near) & ~others
    assert expected.sum() > 30
    assert not (found & ~expected).any()
    assert (found & expected).sum() / expected.sum() >= 0.98


def test_the_first_of_a_crowded_bucket_are_compared_with() -> None:
    texts = ["one and the same text"] * 300
    asked = np.arange(300) >= 200
    assert Resemblance(texts, 0.8).near(asked, ~asked).tolist() == asked.tolist()


def test_nothing_asked_or_nothing_to_compare_with_is_nothing_found() -> None:
    near = Resemblance(["a text", "a text"], 0.8)
    none, everything = np.zeros(2, bool), np.ones(2, bool)
    assert not near.near(none, everything).any()
    assert not near.near(everything, none).any()
