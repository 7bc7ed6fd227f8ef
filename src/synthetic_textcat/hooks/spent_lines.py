"""What a run spent, in lines to be read: known cost, and the upper bound of calls of unknown usage, apart."""

from collections.abc import Iterator, Mapping

from synthetic_textcat.schemas.prices import usd


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
