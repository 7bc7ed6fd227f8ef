"""Which 4-grams come back, and in which rows."""

from synthetic_textcat.hashing import short_id
from synthetic_textcat.pipelines.quality_report.signals.measured import WORST
from synthetic_textcat.pipelines.quality_report.signals.repetition import MOST_LISTED, repeated_4grams
from tests.pipelines.quality_report.signals.made_texts import corpus_of, examples_of, made_texts


def test_the_most_shared_come_first_and_rows_are_named_by_what_they_share() -> None:
    texts = ["I would like to go.", "i would like to eat!", "I would like to eat", "a b c d e", "d e f g h"]
    measured = repeated_4grams(corpus_of(examples_of(texts)))
    assert measured.tables["repeated_4grams"] == [
        {"words": "i would like to", "rows": 3},
        {"words": "would like to eat", "rows": 2},
    ]
    worst = measured.worst["self_repetition"]
    assert {row["request_id"] for row in worst[:2]} == {short_id(1), short_id(2)}
    assert {row["detail"] for row in worst[:2]} == {"2 of its 4-grams are in other rows; 'i would like to' in 2"}
    assert worst[2:] == [
        {"request_id": short_id(0), "detail": "1 of its 4-grams are in other rows; 'i would like to' in 2"}
    ]


def test_a_4gram_that_one_row_repeats_is_not_shared() -> None:
    measured = repeated_4grams(corpus_of(examples_of(["a b c d a b c d", *made_texts(3)])))
    assert not measured.tables["repeated_4grams"]
    assert not measured.worst["self_repetition"]


def test_lists_end_somewhere() -> None:
    measured = repeated_4grams(corpus_of(examples_of(made_texts(1, words=30) * 60)))
    assert len(measured.tables["repeated_4grams"]) == MOST_LISTED
    assert len(measured.worst["self_repetition"]) == WORST


def test_no_rows_share_nothing() -> None:
    measured = repeated_4grams(corpus_of(examples_of([])))
    assert not measured.tables["repeated_4grams"]
    assert not measured.worst["self_repetition"]
