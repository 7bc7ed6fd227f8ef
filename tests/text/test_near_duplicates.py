"""Which texts are nearly an earlier one, against a comparison of all pairs."""

import random
import weakref
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.text.minhash import (
    PERMUTATIONS,
    bands_for,
    least_estimate,
    recall,
    sketches_of,
)
from synthetic_textcat.text.near_duplicates import Like, like_earlier
from synthetic_textcat.text.sketched_texts import SketchedTexts, sketched_by
from synthetic_textcat.work_pool import MachinePool
from tests.support.examples import examples

_LETTERS = "etaoinshrdlu"
_HAN = "的一是在不了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能"


def _jaccard(one: str, other: str) -> float:
    first, second = _grams(one), _grams(other)
    common = len(first & second)
    return common / (len(first) + len(second) - common)


@cache
def _grams(text: str) -> set[str]:
    return {text[start : start + 5] for start in range(max(1, len(text) - 4))}


def _words(dice: random.Random, count: int) -> list[str]:
    return ["".join(dice.choices(_LETTERS, k=dice.randint(2, 9))) for _ in range(count)]


def _with_copies(seed: int, families: int) -> list[str]:
    """Texts of 8 to 60 words, most of them with copies in which a word or a few are others, in any order."""
    dice = random.Random(seed)
    texts = []
    for _ in range(families):
        words = _words(dice, dice.choice([8, 20, 40, 60]))
        texts.append(" ".join(words))
        for _ in range(dice.randint(0, 3)):
            copy = list(words)
            for place in dice.sample(range(len(copy)), dice.randint(1, len(copy) // 8)):
                copy[place : place + 1] = _words(dice, 1)
            texts.append(" ".join(copy))
    dice.shuffle(texts)
    return texts


def _named(texts: Sequence[str], threshold: float = 0.8) -> list[int | None]:
    return [like and like.place for like in like_earlier(texts, threshold)]


@pytest.mark.parametrize("threshold", [0.6, 0.8, 0.9])
def test_nearly_all_near_duplicates_are_found_and_nothing_else(threshold: float) -> None:
    texts = _with_copies(seed=7, families=100)
    likes = list(like_earlier(texts, threshold))
    kept: list[int] = []
    there = found = 0
    for place, like in enumerate(likes):
        alike = [other for other in kept if _jaccard(texts[other], texts[place]) >= threshold]
        there, found = there + bool(alike), found + (like is not None)
        if like is None:
            kept.append(place)
        else:
            assert like.place in alike  # precision 1: an earlier row that stays, and similar enough
            assert like.similarity == _jaccard(texts[like.place], texts[place])
    assert there > 13
    assert found / there >= 0.95


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
def test_the_bands_bring_pairs_at_the_threshold_together(threshold: float) -> None:
    assert recall(threshold, bands_for(threshold)) >= 0.98


def test_at_the_default_the_bands_are_as_documented() -> None:
    assert bands_for(0.8) == 18
    assert [round(recall(similarity, 18), 4) for similarity in (0.3, 0.8, 0.85)] == [0.0039, 0.9855, 0.999]


def test_of_a_family_the_first_stays_and_all_others_name_it() -> None:
    words = _words(random.Random(1), 60)
    family = [" ".join([*words[:place], "other", *words[place + 1 :]]) for place in (5, 20, 35, 50)]
    assert _named(family) == [None, 0, 0, 0]
    assert _named(family[::-1]) == [None, 0, 0, 0]


def test_what_is_rejected_takes_no_other_with_it() -> None:
    words, others = (_words(random.Random(seed), 60) for seed in (1, 2))
    chain = [" ".join(others[:changed] + words[changed:]) for changed in (0, 5, 10)]
    assert min(_jaccard(chain[0], chain[1]), _jaccard(chain[1], chain[2])) >= 0.8 > _jaccard(chain[0], chain[2])
    assert _named(chain) == [None, 0, None]
    assert _named([chain[1], chain[0], chain[2]]) == [None, 0, 0]


def test_a_script_without_spaces_is_served_as_well() -> None:
    dice = random.Random(3)
    texts = ["".join(dice.choices(_HAN, k=60)) for _ in range(40)]
    assert _named([*texts, *(f"{text[:30]}麵{text[31:]}" for text in texts)]) == [*[None] * 40, *range(40)]


def test_texts_of_less_than_five_characters_are_alike_only_if_they_are_equal() -> None:
    assert _named(["", "a", "ab", "abcd", "abce", "好", "abcd e", "abcd", "\U0001f600"]) == [*[None] * 7, 3, None]


def test_texts_with_the_same_grams_are_one() -> None:
    assert list(like_earlier(["aaaaaa", "aaaaaaaaa"], 1.0)) == [None, Like(0, 1.0)]


def test_a_lone_surrogate_breaks_nothing() -> None:
    assert _named(["\ud800 and more of it", "\ud800 and more of it"]) == [None, 0]


def test_no_texts_no_answers() -> None:
    assert _named([]) == []
    assert _named(["alone"]) == [None]


def test_copies_are_found_across_the_portions_that_are_hashed_at_once() -> None:
    dice = random.Random(5)
    texts = [" ".join(_words(dice, 4)) for _ in range(4200)]
    assert _named([*texts, *texts[4090:4100]])[4200:] == [*range(4090, 4100)]


@examples(25)
@given(seed=st.integers(0, 10**6), more=st.integers(0, 10))
def test_the_answer_is_the_same_again_and_rows_that_come_after_do_not_change_it(seed: int, more: int) -> None:
    texts = _with_copies(seed, families=10)
    likes = list(like_earlier(texts, 0.8))
    assert list(like_earlier(texts, 0.8)) == likes
    shorter = texts[: len(texts) - more]
    assert list(like_earlier(shorter, 0.8)) == likes[: len(shorter)]


def _one_by_one(texts: Sequence[str], threshold: float, all_stay: bool) -> Iterator[Like | None]:
    """The answers by buckets that hold all earlier texts in memory, each compared with all that share one."""
    sketches = sketches_of(texts, bands_for(threshold))
    buckets: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place in range(len(texts)):
        own = list(enumerate(sketches.keys[:, place].tolist()))
        like = None
        for earlier in sorted({each for key in own for each in buckets[key]}):
            if (sketches.digests[earlier] == sketches.digests[place]).sum() >= PERMUTATIONS * least_estimate(threshold):
                similarity = _jaccard(texts[earlier], texts[place])
                if similarity >= threshold:
                    like = Like(earlier, similarity)
                    break
        if like is None or all_stay:
            for key in own:
                buckets[key].append(place)
        yield like


def of_template(seed: int, copies: int, others: int) -> list[str]:
    """Texts of 40 words that differ from one template in the words of up to so many places."""
    dice = random.Random(seed)
    words = _words(dice, 40)
    texts = []
    for _ in range(copies):
        copy = list(words)
        for place in dice.sample(range(40), dice.randint(0, others)):
            copy[place] = _words(dice, 1)[0]
        texts.append(" ".join(copy))
    return texts


def shuffled(*lists: list[str]) -> list[str]:
    texts = [text for some in lists for text in some]
    random.Random(9).shuffle(texts)
    return texts


def parts_of(texts: Sequence[str], number: int) -> list[Sequence[str]]:
    """The texts in so many parts."""
    bounds = np.linspace(0, len(texts), number + 1).astype(int).tolist()
    return [texts[start:stop] for start, stop in pairwise(bounds)]


@pytest.mark.parametrize("all_stay", [False, True])
@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_the_parts_of_the_texts_make_no_difference(threshold: float, all_stay: bool) -> None:
    texts = shuffled(_with_copies(1, 50), of_template(2, 40, 3), of_template(3, 40, 14))
    expected = list(_one_by_one(texts, threshold, all_stay))
    assert sum(like is not None for like in expected) > 40
    for number in (1, 4, 16):
        sketched = SketchedTexts(parts_of(texts, number), threshold)
        assert list(like_earlier(sketched, threshold, all_stay)) == expected


class _Part(list[str]):
    """A list that can be watched."""


def test_parts_are_let_go_once_they_are_sketched() -> None:
    watched: list[weakref.ref[_Part]] = []

    def parts() -> Iterator[_Part]:
        for number in range(10):
            assert sum(each() is not None for each in watched) <= 2
            part = _Part([f"text {number}", "another"])
            watched.append(weakref.ref(part))
            yield part
            del part

    assert len(SketchedTexts(parts(), 0.8)) == 20


def texts_with_copies_of_templates(others: int) -> list[str]:
    """Texts of random words, and twice 1,000 of a template each, in random order."""
    dice = random.Random(8)
    vocabulary = _words(dice, 5_000)
    texts = [" ".join(dice.choices(vocabulary, k=50)) for _ in range(others)]
    return shuffled(texts, of_template(4, 1_000, 1), of_template(5, 1_000, 8))


@pytest.mark.slow
@pytest.mark.parametrize("all_stay", [False, True])
def test_a_hundred_thousand_texts_with_copies_of_a_template_in_any_number_of_parts(all_stay: bool) -> None:
    texts = texts_with_copies_of_templates(98_000)
    expected = list(_one_by_one(texts, 0.8, all_stay))
    assert sum(like is not None for like in expected) > 1_000
    for number, sketch_parts in ((1, map), (4, map), (16, sketched_by(MachinePool(1, processes=2).map, 10))):
        sketched = SketchedTexts(parts_of(texts, number), 0.8, sketch_parts)
        assert list(like_earlier(sketched, 0.8, all_stay)) == expected


@pytest.mark.slow
@pytest.mark.parametrize("all_stay", [False, True])
def test_a_template_of_a_hundred_thousand_rows_takes_no_pairs_of_all_of_them(all_stay: bool) -> None:
    likes = list(like_earlier(of_template(6, 100_000, 1), 0.8, all_stay))
    assert sum(like is not None for like in likes) > 99_990
    assert sum(like is not None and like.place == 0 for like in likes) > 99_000
