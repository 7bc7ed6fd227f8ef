"""Diversity next to the previous run and next to real texts.

Which 4-grams come back, and in which rows.

Diversity against the number of rows.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.datasets import TextsDataset
from synthetic_textcat.hashing import short_id
from synthetic_textcat.pipelines.quality_report.signals.corpus import WORST
from synthetic_textcat.pipelines.quality_report.signals.diversity import MOST_LISTED, diversity_growth, repeated_4grams
from synthetic_textcat.pipelines.quality_report.signals.nodes import measure_diversity
from synthetic_textcat.text.diversity import FACTS, MEASURES, values_of
from tests.pipelines.quality_report.signals.made_texts import corpus_of, examples_of, made_texts
from tests.support.each_case import each_of

_TEXTS = made_texts(60, words=12)
_NOT_COMPARABLE = "previous: not comparable: other n or length"


def _run(
    examples: pd.DataFrame, last: dict[str, Any] | None = None, reference: Sequence[str] | None = None
) -> dict[str, Any]:
    """What the node leaves, as its file keeps it."""
    left: dict[str, Any] = json.loads(json.dumps(measure_diversity(corpus_of(examples), reference, last)))
    return left


def _against(kind: str, run: dict[str, Any]) -> dict[str, float | None]:
    return {name: run["metrics"][f"diversity/vs_{kind}/{name}"] for name in MEASURES}


def _lines(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {line["measure"]: line for line in run["tables"]["diversity"]}


@cache
def _first() -> dict[str, Any]:
    return _run(examples_of(_TEXTS))


@cache
def _other() -> dict[str, Any]:
    return _run(examples_of(made_texts(25, words=12) * 2), _first())


def test_a_first_run_without_real_texts_is_compared_with_nothing() -> None:
    assert {_first()["metrics"][f"diversity/{name}"] for name in FACTS} == {50, 12.0, 10, 1}
    assert set(_against("previous", _first()).values()) == set(_against("reference", _first()).values()) == {None}
    assert list(_lines(_first())) == [*FACTS, *MEASURES]
    assert _first()["previous"] is None
    for line in _lines(_first()).values():
        assert (line["previous"], line["reference"], line["note"]) == (None, None, "")
        assert line["value"] == _first()["metrics"][f"diversity/{line['measure']}"]


def test_other_rows_are_compared_with_the_run_before() -> None:
    assert _other()["previous"]["metrics"] == _first()["metrics"]
    for name, ratio in _against("previous", _other()).items():
        line = _lines(_other())[name]
        assert line["previous"] == _first()["metrics"][f"diversity/{name}"]
        if line["previous"]:
            assert ratio == pytest.approx(line["value"] / line["previous"], abs=1e-5)
            assert ((ratio or 0) > 1) == (line["better"] == "lower")  # half the texts are copies
    assert _against("previous", _other())["self_repetition"] is None  # nothing to divide by


def test_the_same_rows_measured_again_are_compared_with_what_they_were_compared_with() -> None:
    again = _run(examples_of(made_texts(25, words=12) * 2), _other())
    assert again == _other()
    assert _run(examples_of(_TEXTS), _run(examples_of(_TEXTS), _first()))["previous"] is None
    assert _run(examples_of(_TEXTS), again)["previous"]["metrics"] == _other()["metrics"]


def test_the_file_does_not_grow_with_each_run() -> None:
    assert set(_other()["previous"]) == {"metrics", "languages"}


@pytest.mark.parametrize("texts", [made_texts(40, words=12), made_texts(60, words=22), []])
def test_another_number_or_length_is_not_compared(texts: list[str]) -> None:
    run = _run(examples_of(texts), _first())
    assert set(_against("previous", run).values()) == {None}
    assert {_lines(run)[name]["note"] for name in MEASURES} == {_NOT_COMPARABLE}
    assert _lines(run)["rows"]["previous"] == 50


def test_another_mix_of_languages_is_said() -> None:
    run = _run(examples_of(made_texts(60, words=12, series="b"), language="German"), _first())
    assert {_lines(run)[name]["note"] for name in MEASURES} == {"previous: another mix of languages"}
    assert _against("previous", run)["distinct_2"] is not None


def test_a_file_of_a_version_that_did_not_compare_is_no_run_before() -> None:
    run = _run(examples_of(_TEXTS), {"metrics": {}, "tables": {}, "worst": {}})
    assert run == _first()


def test_real_texts_as_many_and_as_long_are_compared_with_the_sample_itself() -> None:
    run = _run(examples_of(_TEXTS), reference=_TEXTS[:25] * 2)
    lines = _lines(run)
    assert [lines[name]["reference"] for name in FACTS] == [50, 12.0, 10, None]
    assert {line["note"] for line in lines.values()} == {""}
    for name, ratio in _against("reference", run).items():
        if lines[name]["reference"] and lines[name]["value"]:
            assert ratio == pytest.approx(lines[name]["value"] / lines[name]["reference"], abs=1e-5)
            assert ((ratio or 0) < 1) == (lines[name]["better"] == "lower")


def test_with_fewer_or_shorter_real_texts_both_sides_are_measured_on_as_many_and_as_long() -> None:
    real = made_texts(20, words=7, series="real")
    run = _run(examples_of(_TEXTS), reference=real)
    assert [_lines(run)[name]["reference"] for name in FACTS] == [20, 7.0, 5, None]
    assert _lines(run)["rows"]["value"] == 50
    assert _lines(run)["vendi"]["note"].startswith("reference: on 20 rows of 5 words, here ")
    ratio = _against("reference", run)["vendi"]
    assert ratio == pytest.approx(1, abs=0.1)  # both share nothing
    assert _lines(run)["vendi"]["value"] > 1.3 * _lines(run)["vendi"]["reference"]  # which more rows would hide


@pytest.mark.parametrize("real", [["too short"], made_texts(1)])
def test_too_few_real_texts_are_compared_with_nothing(real: list[str]) -> None:
    run = _run(examples_of(_TEXTS), reference=real)
    assert set(_against("reference", run).values()) == {None}
    assert "not measurable" in _lines(run)["aps"]["note"]


@pytest.mark.parametrize("texts", [[], ["one text only, of some words"], ["short"] * 9])
def test_fewer_than_two_texts_long_enough_have_no_measure_and_end_no_run(texts: list[str]) -> None:
    run = _run(examples_of(texts), _run(examples_of([])), reference=_TEXTS)
    measures = {name: value for name, value in run["metrics"].items() if name.removeprefix("diversity/") not in FACTS}
    assert set(measures.values()) == {None}


def test_real_texts_come_from_a_file_to_the_table(tmp_path: Path) -> None:
    file = tmp_path / "reference.csv"
    pd.DataFrame({"text": made_texts(55, words=12, series="real"), "label": "x"}).to_csv(file, index=False)
    run = _run(examples_of(_TEXTS), _other(), TextsDataset(filepath=str(file)).load())
    assert run["metrics"]["diversity/vs_reference/vendi"] == pytest.approx(1, abs=0.1)
    assert run["metrics"]["diversity/vs_previous/vendi"] > 1


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


@each_of(("rows", "sizes"), [(0, []), (1, []), (7, [7]), (120, [50, 100])])
def test_one_line_for_each_size_that_the_sample_has(rows: int, sizes: list[int]) -> None:
    growth = diversity_growth(corpus_of(examples_of(made_texts(rows)))).tables["diversity_growth"]
    assert [line["rows"] for line in growth] == sizes


def test_the_curve_ends_at_the_measures_of_the_sample() -> None:
    corpus = corpus_of(examples_of(made_texts(40) * 3))
    first, last = diversity_growth(corpus).tables["diversity_growth"]
    values = values_of(corpus.sample)
    assert last == {name: values[name] for name in ("rows", "compression_ratio", "distinct_2", "vendi")}
    assert last["distinct_2"] < first["distinct_2"]  # of 40 different texts there is nothing new any more
