"""Texts: their length, difficulty, variety and what can be learned from them."""

import re
import subprocess
import sys
from itertools import combinations
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rensa import RMinHash

from synthetic_textcat.llm.offline.grammar import load_grammar
from synthetic_textcat.llm.offline.orthography import leaks
from synthetic_textcat.llm.offline.writer import LENGTHS, Plan, write_text
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.tasks import Task, normalise
from tests.llm.offline.rehearsal import closed_tasks, lix, rows, tasks, write_row
from tests.support.examples import cases

MANY = 360  # 20 of each task

pytestmark = pytest.mark.xdist_group("offline_texts")  # one worker, so that the rows are written once


@given(task=st.sampled_from(tasks()), number=st.integers(0, 2**40))
def test_a_row_is_as_planned(task: Task, number: int) -> None:
    row = write_row(task, number)
    low, high = LENGTHS[str(row.planned["num_words"])]
    assert low <= len(row.text.split()) <= high
    assert row.label != row.misleading_label
    if task.labels:
        assert (row.label, row.misleading_label) == (row.planned["label"], row.planned["misleading_label"])
    assert not leaks(row.text, (*task.label_names, row.label, row.misleading_label))
    assert write_row(task, number) == row


def test_texts_are_well_formed() -> None:
    for row in rows(MANY):
        assert "  " not in row.text
        assert row.text[-1] in ".?!"
        assert row.text[0] == row.text[0].upper()
        assert not re.search(r"[<>{}]|\b[Aa] [aei]|[,;] [,;.]|\bAn? an? ", row.text), row.text


@pytest.mark.whole_run  # a process that imports the model
def test_texts_are_the_same_in_another_process() -> None:
    code = (
        "from tests.llm.offline.rehearsal import tasks, write_row;"
        "print([write_row(task, 7).text for task in tasks()[::6]])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str([write_row(task, 7).text for task in tasks()[::6]])


def test_readability_rises_with_difficulty() -> None:
    means = [
        mean(lix(row.text) for row in rows(MANY) if row.planned["difficulty"] == level)
        for level in VALUES["difficulty"]
    ]
    assert means[0] + 3 < means[1]
    assert means[1] + 3 < means[2]


@pytest.mark.parametrize(("number", "near"), [(MANY, 0.004), pytest.param(5_000, 0.01, marks=pytest.mark.slow)])
def test_rows_are_neither_equal_nor_nearly(number: int, near: float) -> None:
    """The more rows, the more of them have a row like them."""
    texts = [normalise(row.text) for row in rows(number)]
    assert 1 - len(set(texts)) / number < 0.002
    assert len(near_duplicates(texts)) / number < near


def near_duplicates(texts: list[str]) -> set[int]:
    """Numbers of texts whose character 5-grams overlap an earlier text's by 0.8: MinHash proposes, sets decide."""
    grams = [frozenset(text[start : start + 5] for start in range(len(text) - 4)) for text in texts]
    bands: dict[tuple[int, ...], list[int]] = {}
    for number, own in enumerate(grams):
        minhash = RMinHash(num_perm=128, seed=42)
        minhash.update(sorted(own))
        digest = minhash.digest()
        for start in range(0, 128, 4):
            bands.setdefault((start, *digest[start : start + 4]), []).append(number)
    pairs = {pair for band in bands.values() for pair in combinations(band, 2)}
    return {late for early, late in pairs if len(grams[early] & grams[late]) >= 0.8 * len(grams[early] | grams[late])}


@pytest.mark.parametrize("task", cases(closed_tasks(), 8), ids=lambda task: task.task)
def test_labels_can_be_learned(task: Task) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.model_selection import cross_val_score
    from sklearn.naive_bayes import ComplementNB
    from sklearn.pipeline import make_pipeline

    written = [write_row(task, number) for number in range(50)]
    model = make_pipeline(TfidfVectorizer(), ComplementNB())
    texts, labels = [row.text for row in written], [row.label for row in written]
    assert cross_val_score(model, texts, labels, cv=3, scoring="f1_macro").mean() > 0.8


def test_an_open_task_shows_each_of_its_own_labels() -> None:
    for task in tasks():
        if not task.labels:
            assert len({row.label for row in rows(MANY) if row.task == task}) >= 5


@pytest.mark.parametrize("word", ["placeholder", "template", "a", "real model", "task"])
@pytest.mark.parametrize("num_words", LENGTHS)
def test_a_placeholder_avoids_labels_that_are_common_words(word: str, num_words: str) -> None:
    plan = Plan("*", None, "college", "ambiguous", num_words)
    texts = [write_text(load_grammar("_placeholder"), plan, seed, (word,)) for seed in range(20)]
    assert len(set(texts)) == 20
    if word != "a":
        assert not any(leaks(text, (word,)) for text in texts)


def test_a_short_text_that_can_only_leak_is_written_all_the_same() -> None:
    plan = Plan("*", None, "PhD", "clear", "less than 10")
    assert leaks(write_text(load_grammar("_placeholder"), plan, 1, ("placeholder", "model")), ("placeholder", "model"))
