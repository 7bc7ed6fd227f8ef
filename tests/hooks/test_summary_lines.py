"""Lines of the summary, as a terminal of 80 columns shows them."""

from itertools import pairwise
from typing import Any

import pytest

from synthetic_textcat.hooks.summary_lines import accuracy_lines, compare_lines, counted_lines
from synthetic_textcat.pipelines.compare.nodes import measure_differences, pair_rows
from synthetic_textcat.schemas.outcomes import REJECT_REASONS
from tests.pipelines.compare.builders import outcomes, run

_TEXT_CHECKS = ("not_a_text", "placeholder", "about_the_task", "prompt_echo", "repetitive", "cut_off", "length_off")
_ALL = dict.fromkeys((*_TEXT_CHECKS, *REJECT_REASONS, "label_not_a_label"), 1_234)


def test_all_reasons_fit_and_each_count_stands_next_to_its_name() -> None:
    lines = counted_lines("rejected", _ALL)
    assert lines[0].startswith(f"rejected  {1_234 * len(_ALL)}: not_a_text 1234, ")
    assert max(map(len, lines)) <= 80
    assert all(line.startswith(" " * 10) for line in lines[1:])
    assert all(line.rstrip(",").endswith(" 1234") for line in lines)
    assert sum(line.count(" 1234") for line in lines) == len(_ALL)
    assert counted_lines("failed", {}) == ["failed    0"]


@pytest.mark.parametrize("made_up", [0.0, 1.0])
def test_a_made_up_cost_of_a_comparison_is_said_to_be_made_up(made_up: float) -> None:
    lost = {"outcome": "rejected", "reason": "misleading_label_not_in_set"}
    before = run(outcomes=outcomes([{"cost": 0.001}] * 80 + [lost] * 40))
    after = run(outcomes=outcomes([{"cost": 0.00002}] * 120), metrics={"cost/made_up": made_up})
    found: list[dict[str, Any]] = measure_differences(pair_rows(before, after), before, after, 42)
    lines = list(compare_lines(found, None))
    after_cost = next(after for line, after in pairwise([*lines, ""]) if line.startswith("  cost/usd_per_accepted"))
    assert ("made up: the offline model charges nothing" in after_cost) is bool(made_up)
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("verdicts", "sources"), [(1_000_000, "98 labels by hand and 1,000,000 verdicts"), (0, "98 labels by hand")]
)
def test_label_accuracy_is_said_with_its_interval(verdicts: int, sources: str) -> None:
    ends = {"label/accuracy": 0.9, "label/accuracy_low": 0.848, "label/accuracy_high": 0.95}
    lines = [*accuracy_lines({**ends, "label/hand_labelled": 98, "label/verdicts": verdicts})]
    assert lines == ["labels    90.0% right (95% interval 84.8% to 95.0%)", f"          from {sources}"]
    assert not list(accuracy_lines({"label/accuracy": None, "label/hand_labelled": 0}))
