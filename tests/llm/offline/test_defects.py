"""Each defect does what its name says, to the rows that it says."""

import ast
import json
from itertools import accumulate
from typing import Any

import json_repair
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.errors import TransportError
from synthetic_textcat.hashing import draw_int
from synthetic_textcat.llm.offline.defects import OfflineReply, applies, defect_of, foreign_text
from synthetic_textcat.llm.offline.orthography import leaks
from synthetic_textcat.llm.offline.replies import reply
from synthetic_textcat.schemas.outcomes import (
    DEFECTS,
    FAILURE_CAUSES,
    FAILURE_DEFECTS,
    NO_REPLY_CAUSES,
    RECOVERABLE_DEFECTS,
    REJECT_DEFECTS,
    REJECT_REASONS,
)
from synthetic_textcat.text.near_duplicates import like_earlier
from synthetic_textcat.text.unicode import normalised
from tests.llm.offline.rehearsal import closed_tasks, plan_of, prompt_of, schema_of, tasks
from tests.support.each_case import each_of

TASK = closed_tasks()[3]
SEEDS = st.integers(0, 2**53 - 1)
FIELDS = ("input_text", "label", "misleading_label")


def answer(defect: str | None, seed: int, task: Any = TASK) -> OfflineReply:
    rates = {} if defect is None else {defect: 1.0}
    return reply(prompt_of(task, plan_of(task, seed)), schema_of(task.label_names), seed, rates)


def row_of(defect: str | None, seed: int, task: Any = TASK) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(answer(defect, seed, task).content)
    return row


def test_defects_bear_the_names_of_outcomes() -> None:
    assert set(FAILURE_DEFECTS) == set(FAILURE_CAUSES)
    assert set(REJECT_DEFECTS) <= set(REJECT_REASONS)
    assert len(set(DEFECTS)) == len(RECOVERABLE_DEFECTS) + len(FAILURE_DEFECTS) + len(REJECT_DEFECTS) + 2


def test_rates_are_met_and_their_order_does_not_matter() -> None:
    rates = {"refused": 0.1, "fenced_json": 0.2, "label_leaked": 0.05}
    drawn = [defect_of(seed, rates) for seed in range(10_000)]
    for name, rate in rates.items():
        assert drawn.count(name) / 10_000 == pytest.approx(rate, abs=0.015)
    assert drawn == [defect_of(seed, dict(reversed(rates.items()))) for seed in range(10_000)]
    assert defect_of(1, {}) is None
    assert defect_of(1, {"timeout": 1.0}) == "timeout"


@given(seed=SEEDS, defect=st.sampled_from(RECOVERABLE_DEFECTS))
def test_recoverable_replies_hold_the_whole_row(seed: int, defect: str) -> None:
    text = answer(defect, seed).content
    assert strictly_parsed(text) != row_of(None, seed)
    repaired: Any = ast.literal_eval(text) if defect == "single_quotes" else json_repair.loads(text)
    repaired = repaired[0] if isinstance(repaired, list) else repaired
    assert {name: " ".join(repaired[name].split()) for name in FIELDS} == row_of(None, seed)


def strictly_parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


@given(seed=SEEDS)
def test_invalid_json_is_beyond_repair(seed: int) -> None:
    assert not isinstance(json_repair.loads(answer("invalid_json", seed).content), dict)


@given(seed=SEEDS)
def test_a_schema_violation_is_json_but_no_row(seed: int) -> None:
    row = row_of("schema_violation", seed)
    assert not all(isinstance(row.get(name), str) for name in FIELDS)


@given(seed=SEEDS)
def test_a_truncated_reply_lost_its_labels(seed: int) -> None:
    cut = answer("truncated", seed)
    assert cut.finish_reason == "length"
    assert answer(None, seed).content.startswith(cut.content)
    assert "label" not in json.dumps(json_repair.loads(cut.content))


def test_refused_and_filtered_replies_are_empty() -> None:
    refused, filtered = answer("refused", 1), answer("content_filtered", 1)
    assert (refused.content, filtered.content) == ("", "")
    assert refused.refusal
    assert filtered.finish_reason == "content_filter"


@each_of("cause", NO_REPLY_CAUSES)
def test_transport_causes_are_raised(cause: str) -> None:
    with pytest.raises(TransportError) as caught:
        answer(cause, 1)
    assert caught.value.cause == cause


@given(seed=SEEDS, task=st.sampled_from(closed_tasks()))
def test_rejects_break_just_the_rule_they_name(seed: int, task: Any) -> None:
    names, whole = task.label_names, row_of(None, seed, task)
    assert any(not row_of("empty_field", seed, task)[name].strip() for name in FIELDS)
    assert row_of("label_not_in_set", seed, task)["label"] not in names
    assert row_of("misleading_label_not_in_set", seed, task)["misleading_label"] not in names
    assert row_of("same_labels", seed, task) == {**whole, "misleading_label": whole["label"]}
    unplanned = row_of("label_not_as_planned", seed, task)
    assert {unplanned["label"], unplanned["misleading_label"]} <= set(names)
    assert unplanned["label"] != whole["label"]
    assert unplanned["label"] != unplanned["misleading_label"]
    leaked = row_of("label_leaked", seed, task)
    assert leaks(leaked["input_text"], (whole["label"],))
    assert leaked["label"] == whole["label"]
    foreign = row_of("wrong_language", seed, task)
    assert not leaks(foreign["input_text"], names)
    assert foreign == {**whole, "input_text": foreign["input_text"]}


def test_texts_in_other_languages_differ_and_are_as_long_as_the_one_they_replace() -> None:
    texts = [row_of("wrong_language", seed)["input_text"] for seed in range(60)]
    assert len(set(texts)) > 57
    assert min(sum(map(str.isalpha, text)) for text in texts) >= 40
    for length in (1, 100, 300, 500):
        assert length <= len(foreign_text(length, [], seed=1)) < length + 200


def test_another_language_is_drawn_where_a_text_would_name_a_label() -> None:
    for seed in range(20):
        text = foreign_text(1, [], seed)
        words = text.split()[:3]
        assert not leaks(foreign_text(1, words, seed), tuple(words))


def test_duplicates_are_equal_within_a_label_and_differ_between_labels_and_short_from_long_ones() -> None:
    by_label: dict[tuple[str, bool], set[str]] = {}
    for seed in range(120):
        row = row_of("exact_duplicate", seed)
        by_label.setdefault((row["label"], is_short(TASK, seed)), set()).add(row["input_text"])
    assert all(len(texts) == 1 for texts in by_label.values())
    assert len(set.union(*by_label.values())) == len(by_label) == 2 * len(TASK.labels)


def is_short(task: Any, seed: int) -> bool:
    return plan_of(task, seed)["num_words"] == "less than 10"


def test_near_duplicates_differ_and_are_near_within_a_label_only() -> None:
    by_label: dict[str, list[str]] = {}
    for task in tasks():
        for seed in range(8):
            number = draw_int(53, "row", seed)
            row = row_of("near_duplicate", number, task)
            family = f"{task.task} {row['label']} {is_short(task, number)}"
            by_label.setdefault(family, []).append(normalised(row["input_text"]))
    texts = [text for family in by_label.values() for text in family]
    firsts = [place for place, like in enumerate(like_earlier(texts, 0.85)) if like is None]
    starts = accumulate((len(family) for family in by_label.values()), initial=0)
    assert len(set(texts)) == len(texts)
    assert firsts == list(starts)[:-1]


@given(seed=SEEDS, defect=st.sampled_from(REJECT_DEFECTS))
def test_an_open_task_stays_whole_where_only_a_closed_set_can_tell(seed: int, defect: str) -> None:
    open_task = next(task for task in tasks() if not task.labels)
    same = row_of(defect, seed, open_task) == row_of(None, seed, open_task)
    assert same != applies(defect, closed=False)
    assert applies(defect, closed=True) != (defect == "label_not_a_label")  # which only an open set can have
