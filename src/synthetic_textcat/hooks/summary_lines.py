"""A quote, in lines to be read."""

from collections.abc import Callable, Iterator, Mapping

from synthetic_textcat.hooks.durations import clock
from synthetic_textcat.schemas.prices import usd


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
