"""Paired difference of a judge's agreement with the labels of two runs: bootstrap interval and McNemar's exact test."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.compare.differences import Difference, Measure, Sums, difference_in, floats
from synthetic_textcat.pipelines.compare.pairing import Pairing
from synthetic_textcat.tables import FrameTable, IdPositions, RowTable, factorized

PREFIX = "label/"
_YES_OR_NO = ("agrees", "ambiguous")


def _share_of(column: str) -> Callable[[pd.DataFrame], Sums]:
    def sums(judged: pd.DataFrame) -> Sums:
        return floats(judged[column]), np.ones(len(judged))

    return sums


_MEASURES = (
    Measure(f"{PREFIX}agreement", "share", _share_of("agrees"), is_yes_or_no=True),
    Measure(f"{PREFIX}ambiguous_share", "share", _share_of("ambiguous"), is_yes_or_no=True),
)


def agreement_differences(
    pairing: Pairing, baseline: RowTable | None, candidate: RowTable | None, seed: int
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
    sides = [_judged(pairing.baseline, baseline), _judged(pairing.candidate, candidate)]
    if pairing.is_paired:
        both = sides[0].index.intersection(sides[1].index)
        sides = [side.loc[both] for side in sides]
    if min(map(len, sides)) == 0:
        return
    judged = Pairing(sides[0], sides[1], is_paired=pairing.is_paired)
    for measure in _MEASURES:
        yield difference_in(measure, judged, seed)._replace(basis=_basis(judged))


def _judged(outcomes: pd.DataFrame, verdicts: RowTable) -> pd.DataFrame:
    """The verdicts of the rows that have one, by the position of the row: 20 bytes each."""
    found, ids = IdPositions(verdicts), FrameTable(outcomes[["request_id"]])
    parts = [found.of(frame["request_id"].tolist()) for frame in ids.frames()]
    places = np.concatenate([np.empty(0, np.int64), *parts])
    rows = np.flatnonzero(places >= 0)
    codes, models = factorized(verdicts, "model_name")
    columns = {
        name: np.concatenate([np.empty(0, np.bool_), *(own[name] for own in verdicts.frames([name]))])[places[rows]]
        for name in _YES_OR_NO
    }
    judges = pd.Categorical.from_codes(codes[places[rows]], pd.Index(models, dtype="str"))
    return pd.DataFrame({**columns, "model_name": judges}, index=rows)


def _basis(judged: Pairing) -> str:
    rows = [len(side) for side in (judged.baseline, judged.candidate)]
    counts = f"{rows[0]:,} rows judged in both" if judged.is_paired else f"{rows[0]:,} and {rows[1]:,} judged rows"
    judges = [", ".join(sorted(side["model_name"].dropna().unique())) for side in (judged.baseline, judged.candidate)]
    if judges[0] == judges[1]:
        return f"{counts}, by {judges[0]}"
    return f"{counts}, by other judges ({judges[0]}; {judges[1]}): their opinions differ too"
