"""Paired difference of a judge's agreement with the labels of two runs: bootstrap interval and McNemar's exact test."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.compare.differences import Difference, Measure, Sums, difference_in, floats
from synthetic_textcat.pipelines.compare.pairing import Pairing

PREFIX = "label/"
_NEEDED = ["request_id", "agrees", "ambiguous", "model_name"]


def _share_of(column: str) -> Callable[[pd.DataFrame], Sums]:
    def sums(judged: pd.DataFrame) -> Sums:
        return floats(judged[column]), np.ones(len(judged))

    return sums


_MEASURES = (
    Measure(f"{PREFIX}agreement", "share", _share_of("agrees"), is_yes_or_no=True),
    Measure(f"{PREFIX}ambiguous_share", "share", _share_of("ambiguous"), is_yes_or_no=True),
)


def agreement_differences(
    pairing: Pairing, baseline: pd.DataFrame | None, candidate: pd.DataFrame | None, seed: int
) -> Iterator[Difference]:
    """Differences in `label/agreement` and `label/ambiguous_share`; none if a run has no verdicts.

    If the runs are paired, both are measured on the rows that were judged in both, whichever of them were accepted: a
    row whose label was disputed before and is not now counts as won. Otherwise each is measured on its own judged rows.

    Args:
        pairing: Rows of both runs.
        baseline: The baseline's verdicts, columns `LABEL_VERDICTS`; None if it has none.
        candidate: Those of the candidate.
        seed: Of the bootstrap.
    """
    if baseline is None or candidate is None:
        return
    sides = [
        outcomes[["request_id"]].merge(verdicts[_NEEDED], on="request_id")
        for outcomes, verdicts in ((pairing.baseline, baseline), (pairing.candidate, candidate))
    ]
    if pairing.is_paired:
        both = sides[0][["request_id"]].merge(sides[1][["request_id"]], on="request_id")
        sides = [both.merge(side, on="request_id") for side in sides]
    if min(map(len, sides)) == 0:
        return
    judged = Pairing(sides[0], sides[1], is_paired=pairing.is_paired)
    for measure in _MEASURES:
        yield difference_in(measure, judged, seed)._replace(basis=_basis(judged))


def _basis(judged: Pairing) -> str:
    rows = [len(side) for side in (judged.baseline, judged.candidate)]
    counts = f"{rows[0]:,} rows judged in both" if judged.is_paired else f"{rows[0]:,} and {rows[1]:,} judged rows"
    judges = [", ".join(sorted(side["model_name"].dropna().unique())) for side in (judged.baseline, judged.candidate)]
    if judges[0] == judges[1]:
        return f"{counts}, by {judges[0]}"
    return f"{counts}, by other judges ({judges[0]}; {judges[1]}): their opinions differ too"
