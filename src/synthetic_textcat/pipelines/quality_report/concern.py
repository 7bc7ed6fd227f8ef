"""One thing that is wrong with a run."""

from typing import TypedDict

from synthetic_textcat.schemas.thresholds import Level


class Concern(TypedDict):
    """One thing that is wrong.

    Attributes:
        level: `fail` ends the run in an error, after everything is saved.
        weight: 0 to 1, how far beyond its threshold, of the way to the worst there is; 1 for the yield: it comes first.
        parameter: What sets its threshold.
        says: What is the case.
        then: What to do about it.
        signal: Whose rows to look at; empty for none.
    """

    level: Level
    weight: float
    parameter: str
    says: str
    then: str
    signal: str
