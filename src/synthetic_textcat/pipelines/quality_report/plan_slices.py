"""Slices of the plan: rows by task and language, and the yield of each."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.row_ends import RowEnds
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.outcomes import GOOD_OUTCOMES
from synthetic_textcat.tables import RowTable, factorized


class PlanSlices(NamedTuple):
    """Pairs of task and language.

    Attributes:
        pairs: Number of the pair of each planned row, in plan order: 4 bytes a row.
        tasks, languages: Task id and language of each pair.
    """

    pairs: NDArray[np.int32]
    tasks: Sequence[str]
    languages: Sequence[str]

    @classmethod
    def of(cls, planned: RowTable) -> "PlanSlices":
        """The slices of planned rows, columns task_id and language."""
        pairs, values = factorized(planned, "task_id", "language")
        return cls(pairs, [task_id for task_id, _ in values], [language for _, language in values])

    @property
    def names(self) -> list[tuple[str, str]]:
        """Names of both slices of each pair, as parts of metrics' names."""
        codes = {name: find_language(name).code for name in set(self.languages)}
        pairs = zip(self.tasks, self.languages, strict=True)
        return [(f"task/{task_id}", f"language/{codes[language]}") for task_id, language in pairs]


def yield_metrics(slices: PlanSlices, ends: RowEnds) -> Metrics:
    """Yield, good (accepted or surplus) / planned: in total, by language code and by task. Unit: share, 0 to 1."""
    planned = np.bincount(slices.pairs, minlength=len(slices.tasks))
    good = np.bincount(slices.pairs[ends.has_outcome(*GOOD_OUTCOMES)], minlength=len(slices.tasks))
    rows = pd.DataFrame({"good": good, "planned": planned})
    by_language, by_task = (rows.groupby(list(values)).sum() for values in (slices.languages, slices.tasks))
    return {
        "yield/all": float(good.sum() / planned.sum()) if len(ends) else float("nan"),
        **{f"yield/language/{find_language(str(name)).code}": share for name, share in _shares(by_language).items()},
        **{f"yield/task/{task_id}": share for task_id, share in _shares(by_task).items()},
    }


def _shares(groups: pd.DataFrame) -> dict[str, float]:
    return {str(name): float(share) for name, share in (groups["good"] / groups["planned"]).items()}
