"""Progress hook: one live line on a terminal, a log line at intervals elsewhere, for the model calls."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import takewhile
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node
from numpy.typing import NDArray

from synthetic_textcat.console import hide, show, shown_line, terminal
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.planned_rows import PlannedRows
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.hooks.tally import (
    CallTotals,
    CellTally,
    Tally,
    cell_tally,
    progress_line,
    short,
    waiting_for,
)
from synthetic_textcat.llm.calls.open_rows import digests_of_rows
from synthetic_textcat.llm.journal.lines import digests_of
from synthetic_textcat.llm.prompts.messages import instructions_of
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.open_calls import NONE_OPEN, Batch
from synthetic_textcat.schemas.parameters import (
    AttributeSamplingParameters,
    GenerationParameters,
    QualityReportParameters,
)
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.quota import Rounds, Shortfall
from synthetic_textcat.schemas.run_records import ASKING_PROMPTS, SEVERAL_LABELS_PROMPT
from synthetic_textcat.tables import KeyPositions

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

_OF_QUOTA = {names.REQUESTS, names.QUOTA_SLOTS, names.ROUNDS, names.PREVIOUS_SHORTFALL}
_OF_PLAN = {
    names.REQUESTS: names.REQUESTS,
    names.PILOT: names.REQUESTS,
    names.TASKS: names.TASKS,
    names.PILOT_TASKS: names.TASKS,
}
"""Tables against which replies are checked; `quote` has its own."""

_WINDOW_S = 60.0
_FEWEST_S = 5.0
_FEWEST_WAVES = 2
_STEADY = 0.5
_SAMPLE_S = 0.25
_MOST_CHECKING = 0.1  # share of the time
_FIRST_CHECK_S = 1.0
_WITHOUT_REPLY, _ANSWERED = 1, 2

logger = logging.getLogger(__name__)


class TimeLeft:
    """Estimate of the time left, from the speed of the last minute; None until that speed means something.

    The first call goes out alone, then all at once, and their replies come in waves as large as the number of calls in
    flight. So there is an estimate only once

    - two waves and 5 seconds have passed since the first reply: with slow replies the window is longer than a minute;
    - the slower half of the window has at least half the speed of the other: the speed is neither still rising, as at
      the start, nor broken by a wait for the server.

    Args:
        in_flight: Calls in flight, `generation.max_concurrency`.
    """

    def __init__(self, in_flight: int) -> None:
        self._fewest_rows = _FEWEST_WAVES * in_flight
        self._samples: deque[tuple[float, int]] = deque()

    def note(self, now: float, done: int) -> None:
        """Adds the number of settled rows at a time, in seconds."""
        if not self._samples or now - self._samples[-1][0] >= _SAMPLE_S:
            self._samples.append((now, done))
        while len(self._samples) > 1 and self._is_enough(self._samples[1], now, done, _WINDOW_S):
            self._samples.popleft()

    def estimate(self, now: float, done: int, asked: int) -> float | None:
        """Seconds until all rows that are asked for are settled; None for no estimate."""
        if not self._samples or done >= asked or not self._is_enough(self._samples[0], now, done, _FEWEST_S):
            return None
        began, before = self._samples[0]
        middle, half = list(takewhile(lambda sample: sample[0] <= (began + now) / 2, self._samples))[-1]
        if middle <= began:
            return None
        speeds = (half - before) / (middle - began), (done - half) / (now - middle)
        if min(speeds) < _STEADY * max(speeds):
            return None
        return (asked - done) * (now - began) / (done - before)

    def _is_enough(self, sample: tuple[float, int], now: float, done: int, seconds: float) -> bool:
        return now - sample[0] >= seconds and done - sample[1] >= self._fewest_rows


class VerdictTally:
    """Counts a judge's replies as they are saved, 25 bytes a vote. The verdicts are counted once all votes are there.

    Args:
        digests: Fingerprints of the calls of the votes to ask for, as bytes.

    Attributes:
        done: Votes with a reply.
        without_reply: Votes whose last call brought no reply; it may be made again.
        totals: Tokens and cost.
    """

    def __init__(self, digests: NDArray[np.bytes_]) -> None:
        self._votes = KeyPositions(len(digests), [digests])
        self._states = np.zeros(len(digests), np.int8)
        self.done = self.without_reply = 0
        self.totals = CallTotals()

    @property
    def asked(self) -> int:
        """Votes to ask for."""
        return len(self._states)

    def add(self, completions: Sequence[Completion], prices: PriceList) -> None:
        """Counts the saved completions."""
        self.totals.add(completions, prices)
        votes = self._votes.find(digests_of(completion.fingerprint for completion in completions)).tolist()
        for vote, completion in zip(votes, completions, strict=True):
            if vote < 0:  # not a vote of this run
                continue
            before = int(self._states[vote])
            after = max(before, _ANSWERED if completion.replied else _WITHOUT_REPLY)
            self._states[vote] = after
            self.done += before < after == _ANSWERED
            self.without_reply += (after == _WITHOUT_REPLY) - (before == _WITHOUT_REPLY)

    def end(self) -> None:
        """Ends the calls."""
        self.totals.open_calls = NONE_OPEN

    def line(self, seconds: float, left_s: float | None = None) -> str:
        """The counts as one line; see `tally.progress_line`."""
        counts = {"rows": f"{short(self.done)}/{short(self.asked)} verdicts"}
        if self.without_reply:
            counts["without reply"] = f"{short(self.without_reply)} without reply"
        return progress_line(counts, self.totals, self.done / seconds if seconds > 0 else 0.0, left_s)


class Progress:
    """Reports completions as they are appended to their journal; names are compared without their namespace.

    Args:
        notes: Gets the tally.
        every_s: Seconds between log lines, where there is no terminal.
        now: Clock, in seconds.
    """

    def __init__(self, notes: RunNotes, every_s: float = 10.0, now: Callable[[], float] = monotonic) -> None:
        self._notes = notes
        self._every_s = every_s
        self._now = now
        self._generation = GenerationParameters()
        self._time_left = TimeLeft(self._generation.max_concurrency)
        self._checks = QualityReportParameters()
        self._prompts: dict[str, Any] = {}
        self._prices: PriceList | None = None
        self._sampling = AttributeSamplingParameters()
        self._quota: dict[str, Any] = {}
        self._asked: NDArray[np.int64] = np.empty(0, np.int64)
        self._plan: dict[str, Any] = {}
        self._is_counting = False
        self._verdicts: VerdictTally | None = None
        self._live: Live | None = None
        self._begun = self._last_logged = now()
        self._checked_s, self._has_checked = 0.0, False

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Resets the values of the previous run."""
        self._end()
        self._notes.tally = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keeps the number of replies after which a row has failed, and the reasons that reject no row."""
        self._generation = GenerationParameters.model_validate(context.params["generation"])
        self._checks = QualityReportParameters.model_validate(context.params["quality_report"])
        self._sampling = AttributeSamplingParameters.model_validate(context.params["attribute_sampling"])
        self._quota = {}

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any, node: Node) -> None:
        """Keeps the prices, the planned rows against which replies are checked, and the tables of a quota."""
        if dataset_name == names.PRICES:
            self._prices = PriceList.read(data)
        elif dataset_name in (*ASKING_PROMPTS, SEVERAL_LABELS_PROMPT):
            self._prompts[dataset_name] = data
        elif dataset_name in _OF_QUOTA:
            self._quota[dataset_name] = data
        table = _OF_PLAN.get(dataset_name)
        if table and self._is_counting and any(name.endswith(names.OPEN_ROWS) for name in node.inputs):
            self._plan[table] = data
            self._read_plan()

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Starts the display once the open rows are known; counts the completions saved from then on."""
        if dataset_name == names.QUOTA_SLOTS:
            self._quota[dataset_name] = data
        elif dataset_name.endswith(names.OPEN_ROWS):
            self._begin(data.positions)
        elif dataset_name == names.COMPLETIONS and self._is_counting and self._notes.tally and self._prices:
            self._count(self._notes.tally, data, self._prices)
            self._show(self._notes.tally)
        elif dataset_name.endswith(names.OPEN_VERDICTS):
            self._begin_verdicts(digests_of_rows(data.rows))
        elif dataset_name == names.VERDICT_COMPLETIONS and self._verdicts and self._prices:
            self._verdicts.add(data, self._prices)
            self._show(self._verdicts)
        elif dataset_name == names.BRAINSTORM_COMPLETIONS and isinstance(data, Batch):
            self._log_brainstorming(data)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Stops the live display when the calls are over."""
        if node.name.endswith((names.SETTLE_ROWS, names.SETTLE_VERDICTS)):
            self._end()

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Stops the live display where the calls were the run's last node."""
        self._end()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Stops the live display after an error."""
        self._end()

    def _begin(self, asked: NDArray[np.int64]) -> None:
        self._end()
        if not len(asked):
            return
        self._asked = asked
        self._notes.tally = Tally(
            len(asked), self._generation.max_attempts, self._checks.flag_only, cells=self._cells(asked)
        )
        self._is_counting = True
        self._start_clock()

    def _begin_verdicts(self, digests: NDArray[np.bytes_]) -> None:
        self._end()
        if len(digests):
            self._verdicts = VerdictTally(digests)
            self._start_clock()

    def _start_clock(self) -> None:
        self._begun = self._last_logged = self._now()
        self._checked_s, self._has_checked = 0.0, False
        self._time_left = TimeLeft(self._generation.max_concurrency)
        self._live = _live_line()
        if self._live is not None:
            show(self._live)

    def _cells(self, asked: NDArray[np.int64]) -> CellTally | None:
        if self._sampling.target_accepted is None or not self._quota.keys() >= _OF_QUOTA:
            return None
        rounds, before = Rounds.read(self._quota[names.ROUNDS]), Shortfall.read(self._quota[names.PREVIOUS_SHORTFALL])
        requests, slots = self._quota[names.REQUESTS], self._quota[names.QUOTA_SLOTS]
        return cell_tally(requests, slots, rounds, before, self._sampling, asked)

    def _read_plan(self) -> None:
        """Reads the planned rows once both tables are there: before the first call, since a long plan takes seconds."""
        if self._notes.tally is not None and len(self._plan) == len({*_OF_PLAN.values()}):
            requests, tasks = self._plan[names.REQUESTS], self._plan[names.TASKS]
            of_several = {SEVERAL_LABELS_PROMPT} & self._prompts.keys()
            words = (
                instructions_of(self._prompts[name] for name in self._prompts.keys() - of_several),
                instructions_of(self._prompts[name] for name in of_several),
            )
            self._notes.tally.plan = PlannedRows(requests, tasks, self._asked, self._checks.text_checks, *words)
            self._plan.clear()

    def _count(self, tally: Tally, completions: Sequence[Completion], prices: PriceList) -> None:
        """Counts completions, and checks their rows unless that takes too much processor time from the calls.

        The first check loads the modules of all checks, which takes half a second: it is delayed, and not timed.
        """
        began = self._now()
        elapsed_s = began - self._begun
        may_check = elapsed_s >= _FIRST_CHECK_S and self._checked_s <= _MOST_CHECKING * elapsed_s
        tally.add(completions, prices, check=may_check)
        if may_check:
            self._checked_s += self._now() - began if self._has_checked else 0.0
            self._has_checked = True

    def _show(self, tally: Tally | VerdictTally) -> None:
        now = self._now()
        self._time_left.note(now, tally.done)
        line = tally.line(now - self._begun, self._time_left.estimate(now, tally.done, tally.asked))
        if self._live is not None:
            self._live.update(_one_line(line))
        elif now - self._last_logged >= self._every_s:
            logger.info("%s", line)
            self._last_logged = now

    def _log_brainstorming(self, batch: Batch) -> None:
        """Logs the open calls of brainstorming, which has no progress line."""
        now = self._now()
        if (waiting := waiting_for(batch.open_calls)) and now - self._last_logged >= self._every_s:
            logger.info("Brainstorming: %s", waiting)
            self._last_logged = now

    def _end(self) -> None:
        if self._live is not None:
            hide(self._live)
        if self._is_counting and self._notes.tally:
            self._notes.tally.end()
            self._notes.tally.plan = None
            self._log_last(self._notes.tally)
        if self._verdicts is not None:
            self._verdicts.end()
            self._log_last(self._verdicts)
        self._plan.clear()
        self._live, self._is_counting, self._verdicts = None, False, None

    def _log_last(self, tally: Tally | VerdictTally) -> None:
        if tally.done:
            logger.info("%s", tally.line(self._now() - self._begun))


def _one_line(text: str) -> "Text":
    from rich.text import Text

    return Text(shown_line(text), no_wrap=True, overflow="ellipsis")


def _live_line() -> "Live | None":
    console = terminal()
    if console is None:
        return None
    from rich.live import Live

    return Live(console=console, transient=True, refresh_per_second=4)
