"""Lines of the summary, as a terminal of 80 columns shows them."""

from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.hooks.summary_lines import accuracy_lines, compare_lines, counted_lines, verdict_lines
from synthetic_textcat.hooks.tally import WIDTH
from synthetic_textcat.pipelines.compare.nodes import measure_differences, pair_rows
from synthetic_textcat.schemas.label_verdicts import LABEL_VERDICTS, UNJUDGED_ROWS
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL, REJECT_REASONS
from synthetic_textcat.schemas.rows import to_frame
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


def test_the_last_lines_have_verdicts_causes_and_the_judges_part_of_the_bill() -> None:
    rows = [("a", "x", 3, True, False), ("b", "y", 2, False, True), ("c", None, 1, False, False)]
    verdicts = pd.DataFrame([(*row, "m") for row in rows], columns=list(LABEL_VERDICTS)).astype(LABEL_VERDICTS)
    unjudged = to_frame([("d", "timeout", "slow"), ("e", "not_asked", "")], UNJUDGED_ROWS)
    metrics = {"judge/calls_this_run": 7.0, "judge/tokens_this_run": 1234.0, "judge/usd_this_run": 0.5}
    lines = list(verdict_lines(verdicts, unjudged, metrics))
    assert lines == [
        "judged    3: agreed 1, disputed 1, undecided 1",
        "          ambiguous 1: the judge accepts the misleading label too",
        "unjudged  2: timeout 1, not_asked 1",
        "judge     7 calls, 1,234 tokens, $0.50 of this run",
    ]
    assert max(map(len, lines)) <= WIDTH
    templates = verdicts.assign(model_name=OFFLINE_MODEL)
    assert list(verdict_lines(templates, unjudged, metrics))[-1].endswith("$0.50 (made up) of this run")
    nothing = verdicts.head(0), unjudged.head(0)
    assert list(verdict_lines(*nothing, {})) == []
