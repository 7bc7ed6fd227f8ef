"""Progress where there is no terminal: log lines, and the estimate of the time left."""

import logging
import random
import re
from collections.abc import Iterator
from itertools import groupby

import pandas as pd
import pytest
from kedro.pipeline import node

from synthetic_textcat.hooks import Progress, RunNotes
from synthetic_textcat.hooks.progress import VerdictTally
from synthetic_textcat.llm.calls.open_rows import OpenRow, OpenRows
from synthetic_textcat.llm.journal.lines import digests_of
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.tasks import Task
from tests.llm.builders import completion, fingerprint, no_reply
from tests.pipelines.quality_report.builders import PRICES

_ASKING = node(lambda *inputs: inputs, ["requests", "tasks", "open_rows", "prices"], "completions", name="generate")
_SETTLING = node(lambda x: x, "a", "b", name="quote.settle_rows")
_TASK = Task.model_validate({"task": "Sort a review.", "labels": ["A", "B"]})
_GOOD = '{"input_text": "They forgot the sauce.", "label": "A", "misleading_label": "B"}'


class _Clock:
    """A clock that only the test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _begun(progress: Progress, rows: int, name: str = "open_rows", label: str = "A") -> Progress:
    """The hook after the events before the first call."""
    progress.after_dataset_saved(name, OpenRows([OpenRow(n, "", []) for n in range(rows)], any_good=False))
    ids = [f"r{number}" for number in range(rows)]
    planned = {"task_id": _TASK.task_id, "label": label, "language": "English", "num_words": "less than 10"}
    requests = pd.DataFrame({"request_id": ids, "labels": [[label]] * rows, **planned})
    tables = {"requests": requests, "tasks": pd.DataFrame([_TASK.to_row("file")]), "prices": PRICES}
    for dataset, content in tables.items():
        progress.after_dataset_loaded(dataset, content, _ASKING)
    return progress


def _lines(caplog: pytest.LogCaptureFixture, every_s: float, rows: int, name: str = "open_rows") -> list[str]:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    progress = _begun(Progress(RunNotes(), every_s), rows, name)
    for number in range(rows):
        progress.after_dataset_saved("completions", [completion(request_id=f"r{number}")])
    progress.before_node_run(_SETTLING)
    progress.on_pipeline_error()
    return caplog.messages


@pytest.mark.parametrize("name", ["open_rows", "quote.open_rows"])
def test_lines_come_every_so_often_and_at_the_end(caplog: pytest.LogCaptureFixture, name: str) -> None:
    lines = _lines(caplog, every_s=0, rows=3, name=name)
    assert [re.split("[ /]", line)[0] for line in lines] == ["1", "2", "3", "3"]
    assert all(re.match(r"\d/3 rows, .*\d/s, \d+ tokens, \$0\.0", line) for line in lines)


def test_between_them_nothing_is_said_but_the_last(caplog: pytest.LogCaptureFixture) -> None:
    assert len(_lines(caplog, every_s=1000, rows=3)) == 1


def test_where_nothing_is_asked_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert _lines(caplog, every_s=0, rows=0) == []


def test_a_journal_that_is_written_by_brainstorming_is_no_progress(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    Progress(RunNotes(), 0).after_dataset_saved("completions", [completion()])
    assert caplog.messages == []


@pytest.mark.parametrize(("planned", "result"), [("A", "2 ok"), ("B", "0 ok, 2 rejected")])
def test_replies_are_checked_against_the_plan_as_they_come(
    caplog: pytest.LogCaptureFixture, planned: str, result: str
) -> None:
    caplog.set_level(logging.INFO, "synthetic_textcat")
    notes = RunNotes()
    progress = _begun(Progress(notes, 0), 2, label=planned)
    progress.after_dataset_saved("completions", [completion(_GOOD, request_id=f"r{number}") for number in range(2)])
    progress.after_pipeline_run()
    assert caplog.messages[-1].startswith(f"2/2 rows, {result}, ")
    assert notes.tally is not None
    assert notes.tally.plan is None  # a long plan is not kept


def _replies(latency_s: float, in_flight: int, rows: int, begin_s: float = 2.0, spread: float = 0.1) -> Iterator[float]:
    """Times of the replies of a server: the first call alone, then all at once, each followed by another."""
    chance = random.Random(3)

    def later(at: float) -> float:
        return at + latency_s * chance.uniform(1 - spread, 1 + spread)

    first = later(begin_s)
    yield first
    due = [later(first) for _ in range(in_flight)]
    for _ in range(rows - 1):
        due.sort()
        at = due.pop(0)
        yield at
        due.append(later(at))


def _estimates(caplog: pytest.LogCaptureFixture, times: list[float]) -> list[tuple[float, float]]:
    """Each estimate of a line, one a second: time of the line, seconds left."""
    caplog.clear()
    caplog.set_level(logging.INFO, "synthetic_textcat")
    clock = _Clock()
    progress = _begun(Progress(RunNotes(), 1.0, clock), len(times))
    found: list[tuple[float, float]] = []
    begin = clock.now
    for _, together in groupby(enumerate(times), lambda each: each[1] // 0.25):  # the engine saves them at once
        replies = list(together)
        _, at = replies[-1]
        clock.now = begin + at
        progress.after_dataset_saved("completions", [completion(_GOOD, request_id=f"r{row}") for row, _ in replies])
        if caplog.messages and (shown := re.search(r"(?:(\d+):)?(\d+):(\d\d) left$", caplog.messages[-1])):
            hours, minutes, seconds = (int(part or 0) for part in shown.groups())
            found.append((at, 3600 * hours + 60 * minutes + seconds))
        caplog.clear()
    return found


@pytest.mark.parametrize(("latency_s", "in_flight", "rows"), [(0.2, 4, 900), (2.0, 32, 800), (20.0, 32, 450)])
def test_an_estimate_is_right_from_the_first_on(
    caplog: pytest.LogCaptureFixture, latency_s: float, in_flight: int, rows: int
) -> None:
    times = list(_replies(latency_s, in_flight, rows))  # 32 is the default of generation.max_concurrency
    shown = _estimates(caplog, times)
    first, _ = shown[0]
    assert 5 <= first <= max(15, 5 * latency_s)
    off = [left / (times[-1] - at) for at, left in shown if times[-1] - at > max(5, 2 * latency_s)]
    assert len(off) > 30
    assert 0.6 < min(off) <= max(off) < 1.5  # two waves of replies, and one that is on its way
    assert 0.9 < off[len(off) // 2] < 1.1


def test_a_slow_start_gives_no_estimate_of_hours(caplog: pytest.LogCaptureFixture) -> None:
    """The first reply after 12 s, then 10 a second: by the first reply, 300 rows would take an hour."""
    times = [12.0, *(14 + number / 10 for number in range(300))]
    shown = _estimates(caplog, times)
    assert shown
    assert max(left for _, left in shown) < 60


def test_while_the_speed_changes_no_estimate_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """A server that makes all wait for 50 s, after 200 rows at 10 a second."""
    before, after = [number / 10 for number in range(200)], [70 + number / 10 for number in range(750)]
    shown = _estimates(caplog, before + after)
    assert not [at for at, _ in shown if 70 <= at < 90]
    assert max(left for at, left in shown if at < 20) < 120
    assert [at for at, _ in shown if at > 140]


def test_a_plan_smaller_than_two_waves_has_no_estimate(caplog: pytest.LogCaptureFixture) -> None:
    assert _estimates(caplog, list(_replies(10.0, in_flight=32, rows=60))) == []


def test_votes_are_counted_once_whatever_their_replies() -> None:
    tally = VerdictTally(digests_of(map(fingerprint, ("r0", "r0/2", "r1"))))
    tally.add([completion(request_id="r0"), no_reply(request_id="r0/2"), completion(request_id="r0", attempt=2)],
              PriceList.read(PRICES))  # fmt: skip
    assert tally.done == 1
    assert tally.line(1.0) == "1/3 verdicts, 1 without reply, 1.0/s, 30+ tokens, $0.00011+"
    tally.add([completion(request_id="r0/2")], PriceList.read(PRICES))
    assert tally.line(1.0).startswith("2/3 verdicts, 2.0/s")
    tally.add([no_reply(request_id="r0"), completion(request_id="of another plan")], PriceList.read(PRICES))
    assert tally.line(1.0).startswith("2/3 verdicts, 2.0/s")
