"""Each measure: its worst on equal texts, its best on texts that share nothing, worse the more is shared."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from synthetic_textcat.text.diversity import FACTS, MEASURES, values_of
from synthetic_textcat.text.diversity_sample import vectors_of
from tests.pipelines.quality_report.signals.made_texts import made_texts, sample_of
from tests.support.examples import examples

_ROWS = 24
_DIFFERENT = made_texts(_ROWS, words=20)
_EVERY = pytest.mark.parametrize("name", MEASURES)


def _badness(name: str, texts: list[str]) -> float:
    measure = MEASURES[name]
    value = measure.of(sample_of(texts))
    assert value is not None
    return value if measure.better == "lower" else -value


@_EVERY
def test_equal_texts_are_worst_and_different_ones_best(name: str) -> None:
    half = _DIFFERENT[: _ROWS // 2]
    equal, mixed, different = (
        _badness(name, texts) for texts in (_DIFFERENT[:1] * _ROWS, [*half, *half[:1] * len(half)], _DIFFERENT)
    )
    assert equal > mixed > different


@_EVERY
def test_the_same_texts_again_make_it_worse(name: str) -> None:
    worse = _badness(name, [text for text in _DIFFERENT for _ in range(2)])
    assert worse > _badness(name, _DIFFERENT) or (
        name == "vendi" and worse == pytest.approx(_badness(name, _DIFFERENT))
    )


@_EVERY
@examples(15)
@given(copied=st.lists(st.integers(1, _ROWS - 1), unique=True, min_size=6))
def test_the_more_rows_are_copies_of_one_the_worse(name: str, copied: list[int]) -> None:
    few = [_DIFFERENT[0] if at in copied[:-5] else text for at, text in enumerate(_DIFFERENT)]
    many = [_DIFFERENT[0] if at in copied else text for at, text in enumerate(_DIFFERENT)]
    assert _badness(name, many) > _badness(name, few)


@given(st.lists(st.sampled_from(_DIFFERENT), min_size=2, max_size=12), st.data())
def test_a_duplicate_never_makes_word_measures_better(texts: list[str], data: st.DataObject) -> None:
    added = [*texts, data.draw(st.sampled_from(texts))]
    for name in ("distinct_2", "distinct_3", "self_repetition"):
        assert _badness(name, added) >= _badness(name, texts) - 1e-12


def test_their_values_by_hand() -> None:
    sample = sample_of(["a b c d e", "A b, c d f!", "g h i j k"], cut=5)
    assert MEASURES["distinct_2"].of(sample) == (4 + 1 + 4) / 12
    assert MEASURES["distinct_3"].of(sample) == (3 + 1 + 3) / 9
    assert MEASURES["self_repetition"].of(sample) == pytest.approx((math.log(2) + math.log(2) + 0) / 3)


def test_spread_by_hand() -> None:
    one, other = "aaa bbb ccc", "ddd eee fff"
    sample = sample_of([one, one, other, other], cut=3)
    between = float(sample.vectors[0] @ sample.vectors[2])
    assert abs(between) < 0.2  # they share no gram; hashing brings them near by chance
    assert MEASURES["aps"].of(sample) == pytest.approx((4 + 8 * between) / 12)
    shares = [(1 + between) / 2, (1 - between) / 2]
    assert MEASURES["vendi"].of(sample) == pytest.approx(math.exp(-sum(x * math.log(x) for x in shares)))


def test_what_a_text_says_more_often_weighs_more() -> None:
    text, often, once = vectors_of(["aaa " * 8 + "bbb", "aaa", "bbb"])
    assert text @ often > 2 * (text @ once) > 0


def test_more_texts_than_dimensions_have_the_same_vendi_score_by_the_other_matrix() -> None:
    once, often = (MEASURES["vendi"].of(sample_of(_DIFFERENT * times)) for times in (1, 12))
    assert often == pytest.approx(once)


@examples(40)
@given(
    st.lists(
        st.lists(st.sampled_from(["ab", "cd", "e", "f", "a\u00b4b"]), min_size=1, max_size=9), min_size=2, max_size=80
    )
)
def test_self_bleu_is_that_of_sacrebleu_to_the_last_digit(texts: list[list[str]]) -> None:
    sample = sample_of([" ".join(words) for words in texts], cut=min(map(len, texts)))
    assert MEASURES["self_bleu"].of(sample) == _self_bleu_of_sacrebleu([" ".join(words) for words in sample.words])


def test_self_bleu_of_more_texts_than_its_200_and_50_is_that_of_sacrebleu_too() -> None:
    sample = sample_of(made_texts(230, words=8) + [f"{text} again and again" for text in made_texts(20, words=5)])
    assert MEASURES["self_bleu"].of(sample) == _self_bleu_of_sacrebleu([" ".join(words) for words in sample.words])


def _self_bleu_of_sacrebleu(texts: list[str]) -> float:
    bleu, texts = BLEU(tokenize="none", effective_order=True), texts[:200]
    others = [(texts[at + 1 :] + texts[:at])[:50] for at in range(len(texts))]
    scores = [bleu.sentence_score(text, references).score for text, references in zip(texts, others, strict=True)]
    return float(sum(scores) / len(scores) / 100)


@pytest.mark.parametrize("texts", [[], ["a b c d e"]])
def test_fewer_than_two_texts_have_no_measure(texts: list[str]) -> None:
    values = values_of(sample_of(texts, cut=5))
    assert [values[name] for name in FACTS] == [len(texts), 5 if texts else None, 5, len(texts) or None]
    assert {values[name] for name in MEASURES} == {None}
