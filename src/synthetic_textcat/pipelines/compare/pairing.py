"""Pairing of two runs' rows by request id, and the paired rows that differ most.

Figures of the rows are in memory, some 60 bytes a row. Texts and labels stay in the runs' tables, and are read batch by
batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.schemas.label_sets import shown_labels
from synthetic_textcat.schemas.outcomes import GOOD_OUTCOMES
from synthetic_textcat.schemas.rows import OUTCOMES, records_of
from synthetic_textcat.tables import FrameTable, IdPositions, RowTable, as_table, factorized, filtered, permuted

_MOSTLY = 0.5
MOST_SHOWN = 20
_MOST_READ = 50_000
_SHOWN = ("outcome", "reason", "input_text", "misleading_label")
_READ_BY_BATCH = ("input_text", "label", "labels", "misleading_label")
_NUMBERS = ("attempts", "tokens", "cost")

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Pairing:
    """Outcomes of two runs; if paired, both list the same requests in the same order.

    Attributes:
        baseline, candidate: Figures of the rows: columns `OUTCOMES` without texts and labels.
        is_paired: Whether the rows are paired.
        only_baseline, only_candidate: Number of rows without a counterpart, which are left out.
        rows: The same rows with all columns `OUTCOMES`; empty if only the figures are needed.
    """

    baseline: pd.DataFrame
    candidate: pd.DataFrame
    is_paired: bool
    only_baseline: int = 0
    only_candidate: int = 0
    rows: tuple[RowTable, ...] = ()

    @property
    def accepted(self) -> "Accepted":
        """Accepted rows; if paired, rows accepted in both runs."""
        before, after = ((run["outcome"] == "accepted").to_numpy(bool) for run in (self.baseline, self.candidate))
        if self.is_paired:
            before = after = before & after
        baseline, candidate = self.rows
        return Accepted(filtered(baseline, before), filtered(candidate, after), self.is_paired)


class Accepted(NamedTuple):
    """Accepted rows of two runs.

    Attributes:
        baseline, candidate: Columns `OUTCOMES`.
        is_paired: Whether both tables list the rows that both runs accepted, in the same order.
    """

    baseline: RowTable
    candidate: RowTable
    is_paired: bool


def pair(baseline: RowTable | pd.DataFrame, candidate: RowTable | pd.DataFrame) -> Pairing:
    """Pairs the rows run in both; runs that share less than half of the smaller run's rows stay unpaired."""
    tables = as_table(baseline), as_table(candidate)
    figures = [_figures(table) for table in tables]
    ran = [np.flatnonzero((each["outcome"] != "not_run").to_numpy(bool)) for each in figures]
    places, is_paired = _in_both(tables[1], figures, ran), True
    common = len(places[0])
    if not common or common < _MOSTLY * min(map(len, ran)):
        places, is_paired = ran, False
    compared = [each.take(own).reset_index(drop=True) for each, own in zip(figures, places, strict=True)]
    return Pairing(
        baseline=compared[0],
        candidate=compared[1],
        is_paired=is_paired,
        only_baseline=len(ran[0]) - common if is_paired else 0,
        only_candidate=len(ran[1]) - common if is_paired else 0,
        rows=tuple(map(_in_order, tables, places)),
    )


def _figures(table: RowTable) -> pd.DataFrame:
    """Ids, numbers, and values as categories."""
    found: dict[str, Any] = {}
    for name in OUTCOMES:
        if name == "request_id" or name in _NUMBERS:
            found[name] = table[name]
        elif name not in _READ_BY_BATCH:
            codes, values = factorized(table, name)
            found[name] = pd.Categorical.from_codes(codes, pd.Index(values, dtype="str"))
    return pd.DataFrame(found)


def _in_both(candidate: RowTable, figures: list[pd.DataFrame], ran: list[Places]) -> list[Places]:
    """Places of the rows that both have run, in the order of the baseline."""
    ids = FrameTable(figures[0][["request_id"]].take(ran[0]))
    lookup = IdPositions(candidate)
    found = np.concatenate(
        [np.empty(0, np.int64), *(lookup.of(frame["request_id"].tolist()) for frame in ids.frames())]
    )
    has_run = np.zeros(len(candidate) + 1, np.bool_)  # the last is that of no row
    has_run[ran[1]] = True
    return [ran[0][has_run[found]], found[has_run[found]]]


def _in_order(table: RowTable, places: Places) -> RowTable:
    """The rows at these places, each at most once, in this order."""
    is_kept = np.zeros(len(table), np.bool_)
    is_kept[places] = True
    kept = filtered(table, is_kept)
    if (np.diff(places) > 0).all():
        return kept
    return permuted(kept, (np.cumsum(is_kept) - 1)[places])


def row_diffs(pairing: Pairing) -> dict[str, list[dict[str, Any]]]:
    """Paired rows that differ: `lost` (accepted in the baseline only), `won`, and `changed` (both, least similar).

    Each is a list of at most `MOST_SHOWN` rows: request_id, task_id, language, and the result of the row in both runs.
    """
    if not pairing.is_paired:
        return {}
    ids = pairing.baseline["request_id"].sort_values().head(_MOST_READ)  # hashes: a random sample, the same on each run
    of_sides = zip(pairing.rows, ("baseline", "candidate"), strict=True)
    both = pd.concat([rows.take(ids.index.tolist()).add_suffix(f"_{side}") for rows, side in of_sides], axis=1)
    before, after = (both[f"outcome_{side}"].isin(GOOD_OUTCOMES) for side in ("baseline", "candidate"))
    kept = both[before & after]
    return {
        "lost": _shown(both[before & ~after]),
        "won": _shown(both[~before & after]),
        "changed": _shown(kept.loc[_likeness(kept).sort_values(kind="stable").index]),
    }


def _likeness(rows: pd.DataFrame) -> pd.Series:
    """Jaccard similarity of both texts' words: 0 = nothing in common, 1 = the same words."""
    texts = zip(rows["input_text_baseline"], rows["input_text_candidate"], strict=True)
    sets = (({*one.casefold().split()}, {*other.casefold().split()}) for one, other in texts)
    shares = [len(one & other) / max(1, len(one | other)) for one, other in sets]
    return pd.Series(shares, rows.index, dtype="float64")


def _shown(rows: pd.DataFrame) -> list[dict[str, Any]]:
    sample = rows.head(MOST_SHOWN)
    return [
        {
            "request_id": row["request_id_baseline"],
            "task_id": row["task_id_baseline"],
            "language": row["language_baseline"],
            **{
                side: {**{name: row[f"{name}_{side}"] for name in _SHOWN}, "labels": _labels(row, side)}
                for side in ("baseline", "candidate")
            },
        }
        for row in records_of(sample)
    ]


def _labels(row: Mapping[str, Any], side: str) -> list[str]:
    """The labels of a row, or a name for none; empty if it has no reply."""
    label = row[f"label_{side}"]
    return [*shown_labels(row[f"labels_{side}"] if label is None else (label,))]
