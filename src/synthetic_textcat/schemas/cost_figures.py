"""Cost figures: what a run paid, what its configuration cost, what its rows cost in all; one wording for every page.

docs/costs.md has the formulas. Terminal, report, dataset card and MLflow description take their words from here.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from synthetic_textcat.schemas.prices import usd

Figure = Literal["this_run", "this_configuration", "dataset"]
"""Name of a figure in metrics, as in `cost/usd_this_run`."""

THIS_RUN: Figure = "this_run"
THIS_CONFIGURATION: Figure = "this_configuration"
DATASET: Figure = "dataset"

WORDS: Mapping[Figure, str] = {
    THIS_CONFIGURATION: "this configuration",
    THIS_RUN: "this run",
    DATASET: "whole history",
}
"""Name of each figure on pages, in the order in which tables list them."""

PER_ACCEPTED = "an accepted row"
"""Name of the amounts of this configuration per accepted row."""

_MEANINGS: Mapping[Figure, str] = {
    THIS_CONFIGURATION: "calls with the prompt, model and settings of this run, whichever run made them",
    THIS_RUN: "calls that this run made, brainstorming and the judge included",
    DATASET: "calls ever made for the planned rows, with other prompts, models and settings too",
}
Metrics = dict[str, float | None]
"""Metrics by name; None where there is nothing to measure."""

_UNKNOWN = "unknown"


class FigureRow(NamedTuple):
    """One line of the table of calls, tokens, cost and time, as text."""

    figure: str
    calls: str
    tokens: str
    cost: str
    call_time: str
    meaning: str


def figure_rows(metrics: Mapping[str, float | None], *figures: Figure) -> Iterator[FigureRow]:
    """Lines of the table of figures; per accepted row after this configuration. None for metrics without calls.

    Args:
        metrics: As `measure` saves them.
        figures: Figures to list; all by default.
    """
    for figure, words in WORDS.items():
        if f"calls/{figure}" not in metrics or (figures and figure not in figures):
            continue
        yield FigureRow(
            words,
            _count(metrics.get(f"calls/{figure}")),
            _count(metrics.get(f"tokens/{figure}")),
            cost_text(metrics, figure) or f"{_UNKNOWN} (no price)",
            _seconds(metrics.get(f"time/call_s_{figure}")),
            _MEANINGS[figure],
        )
        if figure == THIS_CONFIGURATION:
            cost = metrics.get("cost/usd_per_accepted")
            yield FigureRow(
                PER_ACCEPTED,
                _count(metrics.get("calls/per_accepted"), digits=2),
                _count(metrics.get("tokens/per_accepted")),
                _UNKNOWN if cost is None else f"{usd(cost)}{_made_up(metrics)}",
                _seconds(metrics.get("time/call_s_per_accepted")),
                f"{words} / accepted rows",
            )


def cost_text(metrics: Mapping[str, float | None], figure: Figure) -> str:
    """Cost of a figure in USD, or the known parts of it; empty if no call has a price.

    With calls of unknown usage: their number and upper bound, and the cost of the other calls.
    """
    calls, unknown = metrics.get(f"calls/{figure}"), metrics.get(f"calls/unknown_usage_{figure}")
    known = metrics.get(f"cost/usd_known_{figure}")
    if not unknown:
        return "" if known is None else f"{usd(known)}{_made_up(metrics)}"
    at_most = metrics.get(f"cost/usd_unknown_at_most_{figure}")
    if known is None and at_most is None:
        return ""
    bound = "no upper bound is known" if at_most is None else f"charged at most {usd(at_most)}"
    counted = (calls or 0) - unknown
    rest = f"; {usd(known)}{_made_up(metrics)} for the other {_calls(counted)}" if known is not None and counted else ""
    return f"{_UNKNOWN} ({_calls(unknown)} of unknown usage, {bound}{rest})"


def _made_up(metrics: Mapping[str, float | None]) -> str:
    """Mark of amounts that come from the offline model's made-up price."""
    return " (made up)" if metrics.get("cost/made_up") else ""


def _calls(number: float) -> str:
    return f"{number:,.0f} call{'' if number == 1 else 's'}"


def _count(number: float | None, digits: int = 0) -> str:
    return _UNKNOWN if number is None else f"{number:,.{digits}f}"


def _seconds(number: float | None) -> str:
    return _UNKNOWN if number is None else f"{number:,.{0 if number >= 100 else 2}f} s"
