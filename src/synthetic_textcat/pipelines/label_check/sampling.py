"""Sample of rows to label by hand: stratified by task and verdict, with known probabilities, coordinated across runs.

Rows of one kind (agreed, disputed, unjudged) have equal probabilities, disputed rows `disputed_weight` times those of
the others. The rows of each task and kind follow from these by systematic sampling: each stratum gets its expected
number, rounded down or up. Within a stratum the rows with the smallest random numbers are drawn. These are permanent:
a hash of seed, task and text. So a later sample has most rows of an earlier one again, whose labels are known (Ohlsson
1995, "Coordination of samples using permanent random numbers").
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthetic_textcat.hashing import draw
from synthetic_textcat.schemas.label_verdicts import AGREED, DISPUTED, UNJUDGED
from synthetic_textcat.schemas.parameters import LabelCheckParameters

_ROUNDING = 1e-9


def with_strata(rows: pd.DataFrame, verdicts: pd.DataFrame | None) -> pd.DataFrame:
    """The rows with a column `stratum`: whether the judge agrees with the label.

    Args:
        rows: At least the column request_id.
        verdicts: Columns `LABEL_VERDICTS`; None = nothing is judged.
    """
    agrees = {} if verdicts is None else dict(zip(verdicts["request_id"], verdicts["agrees"], strict=True))
    named = {True: AGREED, False: DISPUTED, None: UNJUDGED}
    return rows.assign(
        stratum=[named[None if (found := agrees.get(row)) is None else bool(found)] for row in rows["request_id"]]
    )


def draw_sample(rows: pd.DataFrame, parameters: LabelCheckParameters, seed: int) -> pd.DataFrame:
    """The drawn rows, with their probability.

    If there are verdicts, only judged rows are drawn: of another the judge's opinion would be missing.

    Args:
        rows: One row each, with columns request_id, task_id, text_sha256, stratum. Their order does not matter.
        parameters: Number of rows and weight of disputed ones.
        seed: Of the draws.

    Returns:
        The same columns, `probability`, and `rows`, the number of all rows.
    """
    judged = rows[rows["stratum"] != UNJUDGED]
    eligible = judged if len(judged) else rows
    rates = _rates(Counter(eligible["stratum"]), parameters)
    luck = [
        draw(seed, "label_sample", *pair) for pair in zip(eligible["task_id"], eligible["text_sha256"], strict=True)
    ]
    ordered = eligible.assign(luck=luck, probability=eligible["stratum"].map(rates), rows=len(rows)).sort_values(
        ["stratum", "task_id", "luck", "request_id"], kind="stable"
    )
    strata = ordered.groupby(["stratum", "task_id"], sort=False)
    ends = strata["probability"].sum().cumsum() + draw(seed, "label_sample", "start")
    counts = np.diff(np.floor(ends.to_numpy() + _ROUNDING), prepend=0)
    taken = dict(zip(ends.index, counts, strict=True))
    place = strata.cumcount()
    keys = zip(ordered["stratum"], ordered["task_id"], strict=True)
    drawn = place.to_numpy() < np.array([taken[key] for key in keys], dtype=float)
    return ordered[drawn].drop(columns="luck")


def _rates(sizes: Mapping[str, int], parameters: LabelCheckParameters) -> dict[str, float]:
    """Probability of the rows of each kind: proportional to its weight, at most 1, for `sample_rows` rows in all."""
    rates: dict[str, float] = {}
    left = float(min(parameters.sample_rows, sum(sizes.values())))
    weights = {name: parameters.disputed_weight if name == DISPUTED else 1.0 for name in sizes}
    for name in sorted(sizes, key=lambda name: -weights[name]):  # of the greatest weight first: it may be full
        total = sum(weights[other] * sizes[other] for other in sizes if other not in rates)
        rates[name] = min(1.0, left * weights[name] / total)
        left -= rates[name] * sizes[name]
    return rates
