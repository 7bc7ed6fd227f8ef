"""Equal length and equal number, whatever the table looks like."""

from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.hashing import shuffled
from synthetic_textcat.tables import as_table
from synthetic_textcat.text.diversity_sample import CUTS, SIZES, mixes_differ, pool_of_examples, pool_of_texts, size_for
from synthetic_textcat.text.words import located_words
from tests.pipelines.quality_report.signals.made_texts import corpus_of, examples_of, made_text, made_texts, sample_of
from tests.support.each_case import each_of


@given(st.lists(st.integers(0, 70), max_size=60))
def test_all_texts_of_a_sample_have_the_same_number_of_words(lengths: list[int]) -> None:
    texts = [made_text(at, length) for at, length in enumerate(lengths)]
    corpus = corpus_of(examples_of(texts))
    cut, long_enough = corpus.sample.cut, [length for length in lengths if length >= corpus.sample.cut]
    assert {len(words) for words in corpus.sample.words} <= {cut}
    assert {len(located_words(text)) for text in corpus.sample.texts} <= {cut}
    assert len(corpus.sample.rows) == size_for(len(long_enough))
    assert cut == CUTS[-1] or 2 * len(long_enough) >= len(lengths)
    longer = [other for other in CUTS if other > cut]
    assert all(2 * sum(length >= other for length in lengths) < len(lengths) for other in longer)


def test_scripts_without_spaces_are_cut_to_as_many_characters() -> None:
    corpus = corpus_of(examples_of(["我" * 60, "ก" * 60, made_text("", 60)]))
    assert corpus.sample.cut == 50
    assert sorted(len(text) for text in corpus.sample.texts)[:2] == [50, 50]
    assert {len(words) for words in corpus.sample.words} == {50}


def test_the_mean_length_is_that_of_whole_texts() -> None:
    assert corpus_of(examples_of(["a " * 20, "b " * 30, "c " * 40])).sample.mean_words == 35


def test_where_a_row_stands_does_not_matter() -> None:
    examples = examples_of(made_texts(70))
    moved = examples.iloc[shuffled(range(70), "moved")]
    assert corpus_of(moved).sample.rows == corpus_of(examples).sample.rows
    texts = examples["input_text"].tolist()
    assert pool_of_texts(texts, 1).rows == pool_of_texts(texts[::-1], 1).rows != pool_of_texts(texts, 2).rows


def test_a_row_that_is_added_leaves_the_others_where_they_were() -> None:
    examples = examples_of(made_texts(71))
    before, after = (pool_of_examples(as_table(examples.head(count))).rows for count in (70, 71))
    assert [row for row in after if row in before] == before


@each_of(("rows", "size"), [(0, 0), (1, 1), (49, 49), (51, 50), (99, 50), (10**6, SIZES[-1])])
def test_nearly_equal_numbers_give_the_same_size(rows: int, size: int) -> None:
    assert size_for(rows) == size


def test_no_more_rows_are_looked_at_than_twice_the_largest_sample() -> None:
    pool = pool_of_texts(map(str, range(2 * SIZES[-1] + 7)), 1)
    assert len(pool.rows) == 2 * SIZES[-1]


def test_mixes_differ_by_the_share_of_rows_in_another_language() -> None:
    one = {"English": 0.5, "German": 0.5}
    assert mixes_differ(one, {"English": 0.5, "Thai": 0.5}, by=0.4)
    assert not mixes_differ(one, {"English": 0.5, "Thai": 0.5}, by=0.5)
    assert not mixes_differ(one, dict(reversed(one.items())), by=0)


@given(st.integers(0, 12), st.integers(0, 12))
def test_a_sample_without_some_rows_is_as_if_they_had_never_been_there(one: int, other: int) -> None:
    start, stop = sorted((one, other))
    texts = made_texts(12)
    left, never = sample_of(texts).without(start, stop), sample_of([*texts[:start], *texts[stop:]])
    assert left.texts == never.texts
    assert (left.vectors == never.vectors).all()
