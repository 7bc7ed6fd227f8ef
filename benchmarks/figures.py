"""Measured figures and their table."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple


class Target(NamedTuple):
    """What a figure's median is held against: `>=` or `<=` a bound."""

    sense: str
    bound: float

    def met_by(self, value: float) -> bool:
        """Whether the value is on the right side."""
        return value >= self.bound if self.sense == ">=" else value <= self.bound


class Figure(NamedTuple):
    """One measured quantity.

    Attributes:
        name: What was measured, with its unit.
        values: One a repeat.
        target: What the median should be; None where the figure is there to be compared.
    """

    name: str
    values: Sequence[float]
    target: Target | None = None

    def cells(self) -> tuple[str, ...]:
        """The table row."""
        middle, least, most = median(self.values), min(self.values), max(self.values)
        spread = f"{_short(least)}-{_short(most)}" if len(self.values) > 1 else "one run"
        if self.target is None:
            return self.name, _short(middle), spread, "", ""
        verdict = "met" if self.target.met_by(middle) else "missed"
        return self.name, _short(middle), spread, f"{self.target.sense} {self.target.bound:g}", verdict


class Report(NamedTuple):
    """What a scenario found, under a heading that says what was done."""

    title: str
    figures: Sequence[Figure]

    def markdown(self) -> str:
        """The heading and the table."""
        return f"### {self.title}\n\n{_table(('', 'median', 'range', 'target', ''), (x.cells() for x in self.figures))}"


def pairwise_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Ratios of runs that were made one after the other, so that what slows the machine slows both."""
    return [a / b for a, b in zip(numerators, denominators, strict=True)]


def _short(value: float) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, *rows]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(header))]
    padded = ["| " + " | ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines]
    rule = "|" + "|".join("-" * (width + 2) for width in widths)
    return "\n".join(f"{line} |" for line in padded[:1]) + f"\n{rule}|\n" + "\n".join(f"{x} |" for x in padded[1:])
