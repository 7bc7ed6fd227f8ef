"""Progress hook: one live line on a terminal, a log line at intervals elsewhere, for the model calls."""

import logging
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node

from synthetic_textcat.console import hide, show, shown_line, terminal
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.hooks.tally import CellTally, Tally, cell_tally
from synthetic_textcat.schemas.parameters import (
    AttributeSamplingParameters,
    GenerationParameters,
    QualityReportParameters,
)
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.quota import Rounds, Shortfall

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

_OF_QUOTA = {names.REQUESTS, names.QUOTA_SLOTS, names.ROUNDS, names.PREVIOUS_SHORTFALL}

logger = logging.getLogger(__name__)


class Progress:
    """Tells of completions as they are appended to the journal; names count without their namespace.

    Args:
        notes: Gets the tally.
        every_s: Seconds between log lines, where there is no terminal.
    """

    def __init__(self, notes: RunNotes, every_s: float = 10.0) -> None:
        self._notes = notes
        self._every_s = every_s
        self._max_attempts = 1
        self._flag_only: tuple[str, ...] = ()
        self._prices: PriceList | None = None
        self._sampling = AttributeSamplingParameters()
        self._quota: dict[str, Any] = {}
        self._is_counting = False
        self._live: Live | None = None
        self._begun = self._last_said = monotonic()

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Forgets the run before."""
        self._end()
        self._notes.tally = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Notes after how many replies a row has failed, and which reasons reject none."""
        self._max_attempts = GenerationParameters.model_validate(context.params["generation"]).max_attempts
        self._flag_only = QualityReportParameters.model_validate(context.params["quality_report"]).flag_only
        self._sampling = AttributeSamplingParameters.model_validate(context.params["attribute_sampling"])
        self._quota = {}

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Notes the prices, and what a quota is counted by."""
        if dataset_name == names.PRICES:
            self._prices = PriceList.read(data)
        elif dataset_name in _OF_QUOTA:
            self._quota[dataset_name] = data

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Begins when it is known which rows are open; counts what is saved from then on."""
        if dataset_name == names.QUOTA_SLOTS:
            self._quota[dataset_name] = data
        elif dataset_name.endswith(names.OPEN_ROWS):
            self._begin([row.position for row in data.rows])
        elif dataset_name == names.COMPLETIONS and self._is_counting and self._notes.tally and self._prices:
            self._notes.tally.add(data, self._prices)
            self._say(self._notes.tally)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Ends with the calls."""
        if node.name.endswith(names.SETTLE_ROWS):
            self._end()

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Ends, where the calls were the run's last node."""
        self._end()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Ends."""
        self._end()

    def _begin(self, asked: Sequence[int]) -> None:
        self._end()
        if not asked:
            return
        self._notes.tally, self._is_counting = (
            Tally(len(asked), self._max_attempts, self._flag_only, cells=self._cells(asked)),
            True,
        )
        self._begun = self._last_said = monotonic()
        self._live = _live_line()
        if self._live is not None:
            show(self._live)

    def _cells(self, asked: Sequence[int]) -> CellTally | None:
        if self._sampling.target_accepted is None or not self._quota.keys() >= _OF_QUOTA:
            return None
        rounds, before = Rounds.read(self._quota[names.ROUNDS]), Shortfall.read(self._quota[names.PREVIOUS_SHORTFALL])
        requests, slots = self._quota[names.REQUESTS], self._quota[names.QUOTA_SLOTS]
        return cell_tally(requests, slots, rounds, before, self._sampling, asked)

    def _say(self, tally: Tally) -> None:
        now = monotonic()
        if self._live is not None:
            self._live.update(_one_line(tally.line(now - self._begun)))
        elif now - self._last_said >= self._every_s:
            logger.info("%s", tally.line(now - self._begun))
            self._last_said = now

    def _end(self) -> None:
        if self._live is not None:
            hide(self._live)
        if self._is_counting and self._notes.tally:
            self._notes.tally.end()
            if self._notes.tally.done:
                logger.info("%s", self._notes.tally.line(monotonic() - self._begun))
        self._live, self._is_counting = None, False


def _one_line(text: str) -> "Text":
    from rich.text import Text

    return Text(shown_line(text), no_wrap=True, overflow="ellipsis")


def _live_line() -> "Live | None":
    console = terminal()
    if console is None:
        return None
    from rich.live import Live

    return Live(console=console, transient=True, refresh_per_second=4)
