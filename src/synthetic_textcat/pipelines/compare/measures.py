"""What two runs are compared by: each measure is a sum over rows, as a part of another sum over rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.schemas.outcomes import FAILURE_CAUSES, GOOD_OUTCOMES, REJECT_REASONS

Floats = NDArray[np.float64]
Sums = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Measure:
    """One of them.

    Attributes:
        name: As the metric is called.
        unit: `share`, `tokens`, `calls` or `USD`.
        of: From outcomes, one number a row for the part and one for the whole.
        is_yes_or_no: Whether the part is 0 or 1 and the whole every row.
        always: Whether it is told even where it is zero in both runs.
    """

    name: str
    unit: str
    of: Callable[[pd.DataFrame], Sums]
    is_yes_or_no: bool = False
    always: bool = False


def _yield(outcomes: pd.DataFrame) -> Sums:
    return _floats(outcomes["outcome"].isin(GOOD_OUTCOMES)), _floats(outcomes["outcome"] != "not_run")


def _share(column: str, value: str) -> Callable[[pd.DataFrame], Sums]:
    """Rows with the value, of all that were run."""

    def sums(outcomes: pd.DataFrame) -> Sums:
        return _floats(outcomes[column] == value), _floats(outcomes["outcome"] != "not_run")

    return sums


def _per_accepted(column: str) -> Callable[[pd.DataFrame], Sums]:
    """The column's sum over all rows, lost ones too, a row that was accepted."""

    def sums(outcomes: pd.DataFrame) -> Sums:
        return _floats(outcomes[column]), _floats(outcomes["outcome"] == "accepted")

    return sums


def _agreement(outcomes: pd.DataFrame) -> Sums:
    verdicts = outcomes["language_verdict"]
    return _floats(verdicts == "agrees"), _floats(verdicts.isin(["agrees", "wrong"]))


def _floats(values: pd.Series) -> Floats:
    return values.to_numpy(dtype=np.float64)


MEASURES = (
    Measure("yield", "share", _yield, is_yes_or_no=True, always=True),
    *(Measure(f"rejected/{reason}", "share", _share("reason", reason), is_yes_or_no=True) for reason in REJECT_REASONS),
    *(Measure(f"failed/{cause}", "share", _share("reason", cause), is_yes_or_no=True) for cause in FAILURE_CAUSES),
    Measure("language/agreement", "share", _agreement),
    Measure("tokens/per_accepted", "tokens", _per_accepted("tokens"), always=True),
    Measure("cost/usd_per_accepted", "USD", _per_accepted("cost"), always=True),
    Measure("calls/per_accepted", "calls", _per_accepted("attempts"), always=True),
)
