"""Diversity against the number of rows."""

import pytest

from synthetic_textcat.pipelines.quality_report.signals.growth import diversity_growth
from synthetic_textcat.text.diversity import values_of
from tests.pipelines.quality_report.signals.made_texts import corpus_of, examples_of, made_texts


@pytest.mark.parametrize(("rows", "sizes"), [(0, []), (1, []), (7, [7]), (120, [50, 100])])
def test_one_line_for_each_size_that_the_sample_has(rows: int, sizes: list[int]) -> None:
    growth = diversity_growth(corpus_of(examples_of(made_texts(rows)))).tables["diversity_growth"]
    assert [line["rows"] for line in growth] == sizes


def test_the_curve_ends_at_the_measures_of_the_sample() -> None:
    corpus = corpus_of(examples_of(made_texts(40) * 3))
    first, last = diversity_growth(corpus).tables["diversity_growth"]
    values = values_of(corpus.sample)
    assert last == {name: values[name] for name in ("rows", "compression_ratio", "distinct_2", "vendi")}
    assert last["distinct_2"] < first["distinct_2"]  # of 40 different texts there is nothing new any more
