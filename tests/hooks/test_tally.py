"""How far the calls are, as it is shown.

How far a quota is while rows come in.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from synthetic_textcat.hooks.planned_rows import PlannedRows
from synthetic_textcat.hooks.summary_lines import quote_lines, timeout_lines
from synthetic_textcat.hooks.tally import CallTotals, CellTally, Tally, cell_tally, clock
from synthetic_textcat.schemas.open_calls import Batch, OpenCalls
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.quota import CellRows, Rounds, ShortCell, Shortfall
from synthetic_textcat.schemas.tasks import Task
from tests.llm.builders import BAD, completion, no_reply
from tests.pipelines.quality_report.builders import PRICES

_PRICES = PriceList.read(PRICES)
_GOOD = '{"input_text": "They forgot the sauce.", "label": "bad", "misleading_label": "good"}'
_SAME_LABELS = '{"input_text": "They forgot the sauce.", "label": "A", "misleading_label": "A"}'
_SAMPLING = AttributeSamplingParameters(target_accepted=2, per=("language",))
_CELLS = [{"language": "German"}, {"language": "English"}]
_ROUNDS = Rounds(recipe="r", target=2, rounds=(tuple(CellRows(cell=cell, rows=2) for cell in _CELLS),))
_SLOTS = pd.DataFrame({"language": ["German", "German", "English", "English"]})
_REQUESTS = pd.DataFrame({"request_id": ["r0", "r1", "r2"], "language": ["German", "English", "English"]})


def test_each_row_counts_once_in_one_place() -> None:
    tally = Tally(asked=6, max_attempts=2)
    lines = [
        completion(_GOOD),
        completion(BAD),  # to be asked again
        completion(BAD, attempt=2),
        completion(_SAME_LABELS),
        no_reply(),
    ]
    tally.add(lines, _PRICES)
    assert (tally.accepted, tally.rejected, tally.failed, tally.done) == (1, 1, 1, 3)
    assert tally.totals.tokens == 4 * 15
    line = tally.line(seconds=2.0)
    assert line == "3/6 rows, 1 ok, 1 rejected, 1 failed, 1 without reply, 60+ tokens, $0.00022+"
    assert tally.line(2.0, left_s=75) == f"{line.replace(', 60+ tokens', '')}, 1:15 left"
    tally.end()
    assert (tally.failed, tally.done) == (2, 4)


def test_a_row_whose_call_is_retried_counts_once_wherever_it_ends() -> None:
    tally = Tally(asked=3, max_attempts=1)
    tally.add([*[no_reply(request_id=row) for row in ("r0", "r1", "r2", "r0", "r1")]], _PRICES)
    tally.add([completion(_GOOD, request_id="r0"), completion(BAD, request_id="r1")], _PRICES)
    tally.end()
    assert (tally.accepted, tally.failed, tally.done) == (1, 2, 3)


def test_a_row_whose_fault_is_only_flagged_counts_as_accepted() -> None:
    tally = Tally(asked=1, max_attempts=1, flag_only=["same_labels", "label_leaked"])
    tally.add([completion(_SAME_LABELS)], _PRICES)
    assert (tally.accepted, tally.rejected) == (1, 0)


def test_a_row_counts_as_accepted_only_if_it_is_as_planned() -> None:
    task = Task.model_validate({"task": "Sort a review.", "labels": ["good", "bad", "mixed"]})
    replies = {
        "r0": _reply("Sie haben die ganze Bestellung vergessen, und der Bote war unfreundlich."),
        "r1": _reply("They forgot the whole order, and the courier was rude to all of us."),
        "r2": _reply("Niemand hat sich entschuldigt, obwohl das Essen kalt und verdorben war.", label="mixed"),
        "r3": _reply("Das Essen war kalt, und niemand in dem Restaurant hat sich entschuldigt.", misleading="awful"),
    }
    planned = {"task_id": task.task_id, "label": "bad", "language": "German", "num_words": "less than 10"}
    requests = pd.DataFrame({"request_id": [*replies], **planned})
    plan = PlannedRows(requests, pd.DataFrame([task.to_row("file")]))
    tally = Tally(asked=4, max_attempts=1, plan=plan)
    tally.add([completion(text, request_id=row) for row, text in replies.items()], _PRICES)
    assert (tally.accepted, tally.rejected) == (1, 3)
    lenient = Tally(asked=4, max_attempts=1, plan=plan, flag_only=["wrong_language", "label_not_as_planned"])
    lenient.add([completion(text, request_id=row) for row, text in replies.items()], _PRICES)
    assert (lenient.accepted, lenient.rejected) == (3, 1)


def test_a_row_that_is_no_longer_planned_costs_and_is_not_counted() -> None:
    """As those of a batch that was sent before the plan changed."""
    task = Task.model_validate({"task": "Sort a review.", "labels": ["good", "bad", "mixed"]})
    planned = {"task_id": task.task_id, "label": "bad", "language": "German", "num_words": "less than 10"}
    plan = PlannedRows(pd.DataFrame({"request_id": ["r0"], **planned}), pd.DataFrame([task.to_row("file")]))
    tally = Tally(asked=1, max_attempts=1, plan=plan)
    tally.add([completion(_GOOD, request_id="gone"), no_reply(request_id="gone")], _PRICES)
    tally.end()
    assert (tally.accepted, tally.rejected, tally.failed) == (0, 0, 0)
    assert tally.totals.tokens > 0


def _reply(text: str, label: str = "bad", misleading: str = "good") -> str:
    return json.dumps({"input_text": text, "label": label, "misleading_label": misleading})


def test_a_cost_that_is_not_known_is_not_shown() -> None:
    tally = Tally(asked=1, max_attempts=1)
    tally.add([completion(model_name="another")], _PRICES)
    assert "$" not in tally.line(1.0)


def test_a_made_up_cost_is_said_to_be_made_up() -> None:
    tally = Tally(asked=1, max_attempts=1)
    priced = {**PRICES, "usd_per_million_tokens": {OFFLINE_MODEL: {"input": 2.0, "output": 8.0}}}
    tally.add([completion(model_name=OFFLINE_MODEL)], PriceList.read(priced))
    assert "$0.000060 made up" in tally.line(1.0)


def test_the_line_fits_a_terminal() -> None:
    tally = Tally(
        1_000_000, 1, accepted=880_000, rejected=9_000, failed=9_000, totals=CallTotals(tokens=10**9, usd=1234.5)
    )
    line = tally.line(30 * 3600, 3600 * 9)
    assert line == "898k/1.00M rows, 880k ok, 9,000 rejected, 9,000 failed, $1,234.50, 9:00:00 left"
    smaller = Tally(10_000, 1, accepted=8000, rejected=100, failed=10, totals=CallTotals(tokens=10**6, usd=12.5))
    assert smaller.line(600, 140) == "8,110/10,000 rows, 8,000 ok, 100 rejected, 10 failed, $12.50, 2:20 left"
    few = Tally(200, 1, accepted=80, rejected=9, totals=CallTotals(tokens=60_000, usd=0.5))
    assert few.line(10, 12) == "89/200 rows, 80 ok, 9 rejected, 8.9/s, 60,000 tokens, $0.50, 0:12 left"
    made_up = Tally(10_000, 1, accepted=8000, rejected=100, totals=CallTotals(tokens=10**6, usd=12.5, is_made_up=True))
    assert len(made_up.line(600, 140)) <= 80


@pytest.mark.parametrize(("seconds", "shown"), [(0.4, "0:00"), (65, "1:05"), (3661, "1:01:01")])
def test_a_duration_is_shown_as_a_clock_does(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_a_quote_is_shown_with_its_ranges_and_what_is_unknown_is_said() -> None:
    quote: dict[str, float | None] = {"quote/planned": 10_000, "quote/pilot/rows": 20, "quote/pilot/usd": None}
    quote["quote/rows/expected"] = 10_000
    for what in ("tokens", "usd", "seconds", "accepted", "usd_per_accepted"):
        quote |= {f"quote/{what}/expected": 1e6, f"quote/{what}/low": 9e5, f"quote/{what}/high": 2e6}
    shown = "\n".join(quote_lines(quote, "prices.yml"))
    assert "cost      $1,000,000.00 $900,000.00 to $2,000,000.00" in shown
    assert "\n          $1,000,000.00 $900,000.00 to $2,000,000.00 an accepted row\n" in shown
    assert "tokens and cost of this configuration" in shown
    assert max(map(len, shown.splitlines())) <= 80
    made_up = list(quote_lines(quote | {"quote/usd/made_up": 1.0}, "prices.yml"))
    assert made_up[made_up.index(next(line for line in made_up if line.startswith("cost "))) + 2] == (
        "          made up: the offline model charges nothing"
    )
    unknown = quote | {"quote/usd/expected": None, "quote/tokens/low": None}
    shown = "\n".join(quote_lines(unknown, "prices.yml"))
    assert "cost      unknown: no price in prices.yml\n" in shown
    counted = "\n".join(quote_lines(unknown | {"quote/pilot/unknown_usage": 2}, "prices.yml"))
    assert "cost      unknown: the server did not count 2 of its calls\n" in counted
    assert "tokens    1,000,000\n" in shown


def _tally(before: Shortfall | None = None, still_open: Sequence[int] = range(3)) -> CellTally:
    found = cell_tally(_REQUESTS, _SLOTS, _ROUNDS, before, _SAMPLING, np.array(still_open))
    assert found is not None
    return found


def test_the_line_says_cells_and_missing_rows_in_place_of_good_ones() -> None:
    tally = Tally(asked=3, max_attempts=1, cells=_tally())
    tally.add([completion(_GOOD, request_id="r1"), completion(BAD, request_id="r0")], PriceList.read(PRICES))
    assert tally.line(2.0).startswith("2/3 rows, 0/2 cells, 3 missing, 1.0/s")
    tally.add([completion(_GOOD, request_id="r2")], PriceList.read(PRICES))
    assert "1/2 cells, 2 missing" in tally.line(2.0)


def test_rows_beyond_the_target_fill_nothing() -> None:
    tally = _tally()
    for _ in range(5):
        tally.add("r0")
    assert (tally.full, tally.missing) == (1, 2)


def test_it_begins_where_the_pass_before_ended() -> None:
    short = ShortCell(cell={"language": "English"}, target=2, accepted=1, planned=2, causes={})
    counts = {"wanted": 4, "asked": 2, "accepted": 3, "surplus": 0, "answered": 4}
    before = Shortfall(recipe="r", rounds=1, target_accepted=2, cells=(short,), **counts)
    assert (_tally(before).full, _tally(before).missing) == (1, 1)
    of_another_plan = before.model_copy(update={"recipe": "other"})
    assert _tally(of_another_plan).missing == 4


def test_rows_that_the_journal_has_already_count_before_they_are_judged() -> None:
    assert (_tally(still_open=[2]).full, _tally(still_open=[2]).missing) == (0, 2)


def test_without_a_quota_there_is_no_such_count() -> None:
    assert (
        cell_tally(_REQUESTS, _SLOTS.head(0), None, None, AttributeSamplingParameters(), np.array([], np.int64)) is None
    )


def test_the_line_reports_open_calls_once_the_oldest_takes_long() -> None:
    tally = Tally(200, 3)
    tally.add(Batch([], OpenCalls(32, 4.0)), _PRICES)
    assert "open" not in tally.line(5)
    tally.add(Batch([], OpenCalls(32, 95.4, retrying=3)), _PRICES)
    assert tally.line(100).endswith("$0.00, 32 calls open, oldest 95 s, 3 to be repeated")
    tally.end()
    assert "open" not in tally.line(100)


def test_time_outs_are_counted_with_what_they_may_have_cost() -> None:
    timeouts = [no_reply(request_id=f"r{number}") for number in range(3)]
    lines = list(timeout_lines(timeouts, _PRICES, "model-1"))
    assert lines[0].startswith("timed out 3 calls; the server may bill for up to 300 tokens, $0.0")
    assert all(len(line) <= 80 for line in lines)
    assert "$" not in " ".join(timeout_lines(timeouts, None, "model-1"))
    unbounded = replace(timeouts[0], prompt_tokens_at_most=None)
    assert next(timeout_lines([unbounded], _PRICES, "model-1")).startswith("timed out 1 call. Next: ")
    assert list(timeout_lines([], _PRICES, "model-1")) == []


def test_rows_that_wait_for_their_check_are_done_and_most_of_many_are_left_to_the_report() -> None:
    tally = Tally(asked=5_010, max_attempts=1)
    tally.add([completion(_GOOD, request_id=f"r{number}") for number in range(5_010)], _PRICES, check=False)
    assert (tally.done, tally.accepted, tally.unchecked) == (5_010, 0, 10)
    assert tally.line(1.0).startswith("5,010/5,010 rows, 0 ok, 5,010 unchecked")
    tally.end()
    assert (tally.done, tally.accepted, tally.unchecked) == (5_010, 5_000, 10)
