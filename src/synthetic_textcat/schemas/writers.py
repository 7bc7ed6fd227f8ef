"""Notes on who wrote or judged the rows: templates, and language models too small to write training data."""

import re
from collections.abc import Iterable

from synthetic_textcat.schemas.outcomes import BANNER, OFFLINE_MODEL, TEMPLATE_JUDGE

SMALL = 1_000_000_000
"""Parameters below which rows are for trying the pipeline: ours, by the two models of docs/measurements.md."""

_SMALLEST = 10_000_000
"""A smaller number in a name is no size: `1M` is a context of a million tokens."""

_SIZE = re.compile(r"(?<![A-Za-z0-9.])(\d{1,4}(?:\.\d{1,3})?)[ ]?([mb])(?![A-Za-z0-9])", re.IGNORECASE)
_UNITS = {"M": 1_000_000, "B": 1_000_000_000}


def writer_note(models: Iterable[str]) -> str | None:
    """Note to be shown with rows that these models wrote; None if there is nothing to say.

    Names of models are not in it: they come from servers, and each page escapes them in its own way.
    """
    names = set(models)
    notes = [BANNER] if OFFLINE_MODEL in names else []
    if note := small_model_note(names):
        notes.append(note)
    return " ".join(notes) or None


def judge_note(models: Iterable[str]) -> str | None:
    """Note to be shown with verdicts of these models; None if there is nothing to say."""
    return TEMPLATE_JUDGE if OFFLINE_MODEL in set(models) else None


def small_model_note(models: Iterable[str]) -> str | None:
    """The note on language models below `SMALL`, by the size in their names; None if there are none."""
    sizes = sorted({size for size in map(parameters_of, models) if size is not None and size < SMALL})
    if not sizes:
        return None
    shown = " and ".join(f"{size / _UNITS['M']:g}M" for size in sizes)
    return f"Written by a language model of {shown} parameters: for meeting a real model, not for training."


def parameters_of(model: str) -> int | None:
    """Number of parameters by a model's name (`SmolLM2-135M-Instruct`, `qwen2.5:0.5b`); the largest of several."""
    found = (round(float(number) * _UNITS[unit.upper()]) for number, unit in _SIZE.findall(model))
    return max((size for size in found if size >= _SMALLEST), default=None)
