"""Decides which request gets which fault, and how long its answer takes."""

from .chat_request import ChatRequest
from .draws import draw, lognormal
from .settings import Settings


def choose(settings: Settings, request: ChatRequest, key: str | None, times_seen: int, replied: int) -> str | None:
    """Choose the fault of a request, if any.

    Args:
        settings: Rates and fixed failures.
        request: What was asked.
        key: The API key that came with it.
        times_seen: How often the very same request came before: its retry draws anew.
        replied: Good answers so far.
    """
    if settings.require_key is not None and key != settings.require_key:
        return "bad_key"
    if settings.known_model is not None and request.model != settings.known_model:
        return "unknown_model"
    if settings.always and replied >= settings.after:
        return settings.always
    if not any(settings.rates.values()):
        return None
    material = request.row_digest if settings.sticky else request.body_digest + times_seen.to_bytes(8, "big")
    return _by_rate(settings.rates, draw("fault", settings.fault_seed, material))


def _by_rate(rates: dict[str, float], even_draw: float) -> str | None:
    reached = 0.0
    for name, rate in sorted(rates.items()):
        reached += rate
        if even_draw < reached:
            return name
    return None


def latency_s(settings: Settings, body_digest: bytes, times_seen: int) -> float:
    """How many seconds the answer takes, by hash, so that the same requests take the same time in every run."""
    if not settings.latency_ms:
        return 0.0
    median = settings.latency_ms / 1000
    if not settings.latency_sigma:
        return median
    material = body_digest + times_seen.to_bytes(8, "big")
    return lognormal(median, settings.latency_sigma, draw("latency", settings.fault_seed, material))
