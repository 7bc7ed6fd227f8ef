"""The comparison as page and as Markdown.

What the rows of two runs train, and when that is no fair comparison.
"""

import dataclasses
import re
from functools import cache
from typing import Any

import pytest

from synthetic_textcat.pipelines.compare.changes import changes
from synthetic_textcat.pipelines.compare.differences import Difference, differences
from synthetic_textcat.pipelines.compare.nodes import list_difference_metrics, measure_differences
from synthetic_textcat.pipelines.compare.page import (
    Comparison,
    EvaluationMetric,
    caveats,
    evaluation_metrics,
    render_html,
    render_markdown,
)
from synthetic_textcat.pipelines.compare.pairing import MOST_SHOWN, pair, row_diffs
from synthetic_textcat.schemas.run_records import Evaluation, RunRecord
from tests.pipelines.compare.builders import leaked, outcomes, run
from tests.pipelines.compare.made_runs import topical
from tests.support.each_case import each_of

_SCRIPT = "<script>alert('x')</script>"
_BEFORE = run(outcomes=outcomes([leaked()] * 60 + [{}] * 140), metrics={"diversity/vendi": 20.0})
_AFTER = run(
    run_id="b2",
    name="generate-b",
    params={"seed": "42", "llm.model": "model-2"},
    outcomes=outcomes([leaked()] * 20 + [{"input_text": "New words."}] * 180),
    prompts={"closed_labels.yml": "one\nthree\n"},
    metrics={"diversity/vendi": 30.0},
)

_METRICS = {
    "real/macro_f1": 0.81,
    "real/macro_f1_low": 0.7,
    "real/macro_f1_high": 0.9,
    "real/macro_f1/0a1b": 0.81,
    "real/macro_f1_by_rows/100": 0.6,
    "real/rows": 1200.0,
    "train/triplet_accuracy_after": 0.98,
    "yield/all": 0.5,
}


@cache
def _usual() -> Comparison:
    """The usual two runs, whose rows are resampled once for all tests."""
    return _made(_BEFORE, _AFTER)


def _compared(baseline: RunRecord, candidate: RunRecord) -> Comparison:
    if baseline.outcomes is _BEFORE.outcomes and candidate.outcomes is _AFTER.outcomes:
        changed = changes(baseline, candidate)
        return dataclasses.replace(_usual(), baseline=baseline, candidate=candidate, changes=changed)
    return _made(baseline, candidate)


def _made(baseline: RunRecord, candidate: RunRecord) -> Comparison:
    pairing = pair(baseline.outcomes, candidate.outcomes)
    return Comparison(
        baseline,
        candidate,
        pairing,
        changes(baseline, candidate),
        differences(pairing, seed=42),
        row_diffs(pairing),
    )


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_both_show_changes_and_differences(render: object) -> None:
    assert callable(render)
    page = render(_compared(_BEFORE, _AFTER))
    for words in ("generate-a", "generate-b", "model-1", "model-2", "three", "+20.0%", "higher", "pair by pair"):
        assert words in page


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_both_say_which_costs_are_made_up(render: object) -> None:
    assert callable(render)
    assert "made up" not in render(_compared(_BEFORE, _AFTER))
    page = render(_compared(_BEFORE, dataclasses.replace(_AFTER, metrics={"cost/made_up": 1.0})))
    assert "Costs of generate-b are made up: the offline model charges nothing." in page


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_both_show_the_evaluations_if_there_are_any(render: object) -> None:
    assert callable(render)
    assert "Evaluation" not in render(_compared(_BEFORE, _AFTER))
    evaluation = Evaluation("evaluate-a", {"real/macro_f1": 0.5}, "null", "aa")
    page = render(_compared(_BEFORE, dataclasses.replace(_AFTER, evaluation=evaluation))).replace("<wbr>", "")
    for words in ("Evaluation", "real/macro_f1", "0.500", "The rows of the baseline were not evaluated"):
        assert words in page


def test_runs_of_other_plans_say_so() -> None:
    other = run(outcomes=outcomes([{}] * 9, first=500))
    for page in (render_html(_compared(_BEFORE, other)), render_markdown(_compared(_BEFORE, other))):
        assert "different plans" in page
        assert "pair by pair" not in page


def test_rows_stand_side_by_side_and_model_text_is_data() -> None:
    candidate = run(outcomes=outcomes([{}] * 60 + [{"input_text": _SCRIPT}] * 5 + [leaked()] * 135))
    page = render_html(_compared(_BEFORE, candidate))
    assert page.count("<script") == 1
    assert "&lt;script&gt;alert" in page
    assert f"Accepted now, not before: {MOST_SHOWN}" in page
    assert f"Accepted before, not now: {MOST_SHOWN}" in page
    assert not re.search(r"https?://|src=", page)


def test_the_least_alike_come_first() -> None:
    before = outcomes([{"input_text": "one two three"}] * 3)
    after = outcomes([{"input_text": text} for text in ("one two three", "nothing like it", "one two")])
    shown = row_diffs(pair(before, after))["changed"]
    assert [row["candidate"]["input_text"] for row in shown] == ["nothing like it", "one two", "one two three"]
    assert row_diffs(pair(before, outcomes([{}], first=900))) == {}


def _two_runs(first: int) -> tuple[RunRecord, RunRecord]:
    before = run(outcomes=topical("a", 60), metrics={"diversity/vendi": 20.5, "diversity/self_bleu": 0.345})
    return before, run(run_id="b2", outcomes=topical("b", 60, 0.9, first), metrics={})


@cache
def _measured_rows(first: int) -> list[dict[str, Any]]:
    """The differences of two runs whose texts are measured; the candidate's rows are numbered from `first` on."""
    before, after = _two_runs(first)
    return measure_differences(pair(before.outcomes, after.outcomes), before, after, 42)


@pytest.mark.parametrize(("first", "expected"), [(0, "pairs that both accepted"), (5000, "as two samples")])
def test_diversity_and_learnability_have_intervals_and_say_how(first: int, expected: str) -> None:
    before, after = _two_runs(first)
    found = [Difference(**row) for row in _measured_rows(first)]
    pairing = pair(before.outcomes, after.outcomes)
    comparison = Comparison(before, after, pairing, changes(before, after), found)
    (score,) = (row for row in comparison.differences if row.measure == "learnability/macro_f1")
    for page in (render_html(comparison), render_markdown(comparison)):
        assert expected in page
        assert "cut to 10 words" in page
        assert "60 rows of each run, of 1 task" in page
        assert f"{score.low:+.3f} to {score.high:+.3f}" in page
        assert "20.5" not in page  # what is measured again is not listed twice


def test_each_difference_is_a_metric_with_the_ends_of_its_interval() -> None:
    metrics = list_difference_metrics(_measured_rows(0))
    for name in ("diversity/aps", "diversity/vendi", "learnability/macro_f1"):
        low, value, high = (metrics[f"compare/{name}{end}"] for end in ("/low", "", "/high"))
        assert low is not None
        assert value is not None
        assert high is not None
        assert low <= value <= high


def _run(**changes: Any) -> RunRecord:
    made = {"name": "evaluate-a", "metrics": _METRICS, "model": "null", "real_rows": "aa"}
    return run(evaluation=Evaluation(**{**made, **changes}))


def test_scores_stand_next_to_each_other_with_their_intervals() -> None:
    other = _run(metrics={"real/macro_f1": 0.5, "train/held_out_synthetic_macro_f1": 0.9})
    assert evaluation_metrics(_run(), other) == [
        EvaluationMetric("real/macro_f1", "0.810 (0.700 to 0.900)", "0.500"),
        EvaluationMetric("real/macro_f1_by_rows/100", "0.600", None),
        EvaluationMetric("real/rows", "1,200", None),
        EvaluationMetric("train/held_out_synthetic_macro_f1", None, "0.900"),
        EvaluationMetric("train/triplet_accuracy_after", "0.980", None),
    ]
    assert not list(caveats(_run(), other))


@each_of(
    ("baseline", "candidate", "expected"),
    [
        (_run(), _run(real_rows="bb"), "different evaluation sets"),
        (_run(), _run(model="models/mine"), "different models (null, models/mine)"),
        (_run(), run(), "rows of the candidate were not evaluated: run evaluate after each generate"),
        (run(), _run(), "rows of the baseline were not evaluated: run"),
    ],
)
def test_what_does_not_compare_is_reported(baseline: RunRecord, candidate: RunRecord, expected: str) -> None:
    (caveat,) = caveats(baseline, candidate)
    assert expected in caveat


def test_runs_that_were_not_evaluated_have_no_metrics() -> None:
    assert evaluation_metrics(run(), run()) == []
    assert not list(caveats(run(), run()))
