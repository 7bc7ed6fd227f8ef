"""Summary lines for the terminal: quota, quote, comparison, stops, and money spent."""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from synthetic_textcat.hooks.tally import clock
from synthetic_textcat.pipelines.compare.page import value
from synthetic_textcat.schemas.outcomes import HOW_TO_GO_ON, PausedTask, Stops, stop_sentence
from synthetic_textcat.schemas.prices import usd
from synthetic_textcat.schemas.quota import GivenUp, Shortfall, counted, shown

_MOST_GIVEN_UP = 5
_MOST_CAUSES = 2
_WIDTH = 80
_MOST_TASKS = 5


def quote_lines(quote: Mapping[str, float | None], price_list: str) -> Iterator[str]:
    """What the plan will take, each figure with its range, within 80 columns."""
    yield ""
    pilot = quote["quote/pilot/usd"]
    paid = "" if pilot is None else f", which cost {usd(pilot)}"
    pilot_rows = f"a pilot of {quote['quote/pilot/rows']:,}{paid}"
    if quote["quote/rows/expected"] == quote["quote/planned"]:
        yield f"quote     for {quote['quote/planned']:,} planned rows, from {pilot_rows}"
    else:
        yield f"quote     for a quota of {quote['quote/accepted/expected']:,.0f} rows, from {pilot_rows}"
        yield _line(quote, "rows", "{:,.0f}".format, "planned")
    yield _line(quote, "tokens", "{:,.0f}".format)
    if quote["quote/usd/expected"] is None:
        unknown = quote.get("quote/pilot/unknown_usage")
        why = f"the server did not count {unknown:,} of its calls" if unknown else f"no price in {price_list}"
        yield f"cost      unknown: {why}"
    else:
        yield _line(quote, "usd", usd, "cost")
    yield _line(quote, "seconds", clock, "time")
    yield _line(quote, "accepted", "{:,.0f}".format)
    yield "          expected, and a range that holds it 95 times in 100; the pilot's"
    yield "          answers are in the journal, and `generate` does not ask them again"


def _line(quote: Mapping[str, float | None], what: str, shown: Callable[[float], str], name: str | None = None) -> str:
    expected, low, high = (quote[f"quote/{what}/{end}"] for end in ("expected", "low", "high"))
    line = f"{name or what:<10}{'unknown' if expected is None else shown(expected):<14}"
    return line.rstrip() if low is None or high is None else f"{line}{shown(low)} to {shown(high)}"


def quota_lines(shortfall: Shortfall) -> Iterator[str]:
    """Cells that are full, values that were given up, and rows that are short, within 80 columns."""
    each = f", {shortfall.target_accepted:,} rows each" if shortfall.is_even else ""
    rows = f"{shortfall.accepted:,} of {counted(shortfall.wanted, 'row')}"
    filled = f"{shortfall.done:,} of {counted(shortfall.asked, 'cell')} full{each}"
    yield f"quota     {filled}, in {counted(shortfall.rounds, 'round')}"
    if shortfall.missing:
        yield f"          {rows} accepted"
    for own in shortfall.given_up[:_MOST_GIVEN_UP]:
        yield from _told("given up", _why(own))
    if len(shortfall.given_up) > _MOST_GIVEN_UP:
        yield f"          and {len(shortfall.given_up) - _MOST_GIVEN_UP:,} more: see the report"
    short = [cell.missing - cell.given_up for cell in shortfall.cells if not cell.infeasible]
    if short:
        yield f"short     {counted(sum(short), 'row')} in {counted(len(short), 'cell')}"


def _why(own: GivenUp) -> str:
    causes = ", ".join(f"{name} {rows:,}" for name, rows in list(own.causes.items())[:_MOST_CAUSES])
    wanted = f"{own.accepted:,} of {own.wanted:,} wanted, given up after {counted(own.rounds, 'round')}"
    return f"{shown(own.values)}: {wanted}: {causes}"


def compare_lines(found: Sequence[Mapping[str, Any]], page: str | None) -> Iterator[str]:
    """Measures whose interval leaves out zero, within 80 columns, and where the page is."""
    yield ""
    clear = [row for row in found if row["low"] is not None and (row["low"] > 0 or row["high"] < 0)]
    yield (
        f"{'compare':<30}baseline   candidate  difference lies between"
        if clear
        else "compare   nothing is clearly different"
    )
    for row in clear:
        one, other = (value(row[side], row["unit"]) for side in ("baseline", "candidate"))
        low, high = (value(row[end], row["unit"], signed=True) for end in ("low", "high"))
        yield f"  {row['measure']:<27} {one:<11}{other:<11}{low} and {high}"
    if page:
        yield f"report    {page}"


def stop_lines(stopped_by: str, stops: Stops) -> Iterator[str]:
    """An outage or a cap, and the tasks that are paused, within 80 columns."""
    if sentence := stop_sentence(stopped_by or stops.stopped_by, stops):
        yield from _told("stopped", f"by {sentence}")
    for task in stops.paused[:_MOST_TASKS]:
        yield from _task_lines(task)
    if len(stops.paused) > _MOST_TASKS:
        yield f"          and {len(stops.paused) - _MOST_TASKS} more tasks: see the report"
    if stops.paused:
        yield from _told("", f"next: {HOW_TO_GO_ON}")


def _task_lines(task: PausedTask) -> Iterator[str]:
    yield f"paused    {textwrap.shorten(task.task, _WIDTH - 10, placeholder=' …')}"
    yield f"          first {task.replies} replies all {task.reason}; {task.not_asked:,} rows not asked for"


def _told(what: str, text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, _WIDTH, initial_indent=f"{what:<10}", subsequent_indent=" " * 10)


def cost_lines(metrics: Mapping[str, float | None]) -> Iterator[str]:
    """What the calls of this run cost, within 80 columns; nothing where no metrics were saved."""
    calls, unknown = metrics.get("calls/this_run"), metrics.get("calls/unknown_usage_this_run")
    known = metrics.get("cost/usd_known_this_run")
    if not calls:
        return
    if not unknown:
        yield from () if known is None else (f"cost      {usd(known)}",)
        return
    at_most = metrics.get("cost/usd_unknown_at_most_this_run")
    if known is None and at_most is None:  # the model has no price, so nothing is said of cost
        return
    counted = calls - unknown
    yield f"cost      unknown: {_calls(unknown)} of unknown usage, {_charged(at_most)}"
    if known is not None and counted:
        yield f"          {usd(known)} for the other {_calls(counted)}"


def cost_in_words(metrics: Mapping[str, float | None]) -> str:
    """The same in half a sentence."""
    own, unknown = metrics.get("cost/usd_this_run"), metrics.get("calls/unknown_usage_this_run")
    if own is not None:
        return f"{usd(own)} in this run"
    if not unknown:
        return "cost unknown"
    known = metrics.get("cost/usd_known_this_run")
    charged = _charged(metrics.get("cost/usd_unknown_at_most_this_run"))
    rest = "" if known is None else f", the others {usd(known)}"
    return f"cost unknown: {_calls(unknown)} of unknown usage, {charged}{rest}"


def _charged(at_most: float | None) -> str:
    return "no upper bound is known" if at_most is None else f"charged at most {usd(at_most)}"


def _calls(number: float) -> str:
    return f"{number:,.0f} call{'' if number == 1 else 's'}"
