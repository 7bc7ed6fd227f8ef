"""Judged rows: candidates with the judge's verdict, batch by batch, and their counts by task, label and value."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.signals.judged_sets import (
    extra_labels,
    has_extra,
    label_lines,
    sides_of_sets,
)
from synthetic_textcat.pipelines.quality_report.signals.label_confusion import sides_of_open_labels
from synthetic_textcat.schemas.rows import ATTRIBUTES, own_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowTable, empty_frame, text_hashes
from synthetic_textcat.text.batches import ValueCodes

COUNTS = ["judged", "agrees", "ambiguous", "undecided"]
_OF_ROWS = ["request_id", "task_id", "task", "input_text", "label", "labels", "misleading_label", "model_name"]
_OF_VERDICTS = ["request_id", "verdict", "votes", "agrees", "ambiguous", "model_name"]
_CELL = ["task_id", "label", "verdict", "disputed"]
_PAIR = ["task_id", "label", "misleading_label"]
AS_PLANNED, OTHER_SET = "the labels", "other labels"
"""Sides of rows with several labels, of which there are as many as sets."""


class JudgedRows(NamedTuple):
    """Candidates that have a verdict, in their order.

    Attributes:
        rows: Request id, task, text, labels and writer; verdict, votes, agrees, ambiguous; judge (name of its model);
            undecided (the votes have no majority) and disputed (the verdict is another label).
        values: Their attributes, user-defined ones included. A table of its own, since their names may be any.
    """

    rows: pd.DataFrame
    values: pd.DataFrame


class Verdicts:
    """Verdicts by a 64-bit hash of the request id: some 24 bytes each.

    Args:
        table: Columns `LABEL_VERDICTS`.
    """

    def __init__(self, table: RowTable) -> None:
        self._verdicts, self._judges = ValueCodes(), ValueCodes()
        parts = [
            pd.DataFrame(
                {
                    "id": text_hashes(frame["request_id"]),
                    "verdict": self._verdicts.add(frame["verdict"]),
                    "judge": self._judges.add(frame["model_name"]),
                    "votes": frame["votes"].to_numpy(np.int32),
                    "agrees": frame["agrees"].to_numpy(np.bool_),
                    "ambiguous": frame["ambiguous"].to_numpy(np.bool_),
                }
            )
            for frame in table.frames(_OF_VERDICTS)
        ]
        self._known = pd.concat(parts, ignore_index=True).sort_values("id", ignore_index=True) if parts else None

    def joined(self, ends: Iterable[RowTable]) -> Iterator[JudgedRows]:
        """The judged rows of tables of candidates, batch by batch."""
        for table in ends:
            values = [*ATTRIBUTES, *own_of(table)]
            for frame in table.frames(list(dict.fromkeys([*_OF_ROWS, *values]))) if self._known is not None else ():
                places = self._places(frame["request_id"])
                if len(judged := frame[places >= 0].reset_index(drop=True)):
                    rows = judged[_OF_ROWS].assign(**self._at(places[places >= 0]))
                    yield JudgedRows(rows, judged[values])

    def _places(self, ids: "pd.Series[str]") -> NDArray[np.int64]:
        assert self._known is not None
        known, wanted = self._known["id"].to_numpy(), text_hashes(ids)
        places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        found: NDArray[np.int64] = np.where(known[places] == wanted, places, -1)
        return found

    def _at(self, places: NDArray[np.int64]) -> dict[str, "pd.Series[str] | NDArray[np.bool_] | NDArray[np.int32]"]:
        assert self._known is not None
        found = self._known.iloc[places]
        verdict, judge = (
            pd.Series(np.array([*codes.values, None], object)[found[name]], dtype="str")
            for codes, name in ((self._verdicts, "verdict"), (self._judges, "judge"))
        )
        agrees, is_decided = found["agrees"].to_numpy(), verdict.notna().to_numpy()
        return {
            "verdict": verdict,
            "votes": found["votes"].to_numpy(),
            "agrees": agrees,
            "ambiguous": found["ambiguous"].to_numpy(),
            "judge": judge,
            "undecided": ~is_decided,
            "disputed": is_decided & ~agrees,
        }


@dataclass
class JudgedCounts:
    """Counts of judged rows.

    Attributes:
        cells: `COUNTS` by task, label, verdict and whether it is disputed, in the order of the rows. A task with an
            open label set has the sides of `label_confusion` in place of labels, which would be as many as rows; one
            with several labels a text has `AS_PLANNED` and `OTHER_SET`.
        of_labels: The same of tasks with several labels a text, counted by planned label (`judged_sets.label_lines`).
        extra: Rows of which the judge accepts a label beyond the plan, by task id and label.
        extra_rows: Rows with such a label.
        by_value: `COUNTS` by value, for each attribute.
        writers: `COUNTS` by judge and writer.
        accepted_pairs: Rows of closed label sets of which the judge accepts both labels, by task and labels.
        sentences: Sentence of each task.
        disputes, ambiguous, unplanned: The first rows of the order of `most_votes`; unplanned are those with a label
            that the judge accepts beyond the plan.
    """

    cells: pd.DataFrame = field(default_factory=lambda: _no_counts(_CELL))
    of_labels: pd.DataFrame = field(default_factory=lambda: _no_counts(_CELL))
    extra: Counter[tuple[str, str]] = field(default_factory=Counter)
    extra_rows: int = 0
    by_value: dict[str, pd.DataFrame] = field(default_factory=dict)
    writers: pd.DataFrame = field(default_factory=lambda: _no_counts(["judge", "model_name"]))
    accepted_pairs: pd.DataFrame = field(default_factory=lambda: _no_counts(_PAIR))
    sentences: dict[str, str] = field(default_factory=dict)
    disputes: list[pd.DataFrame] = field(default_factory=list)
    ambiguous: list[pd.DataFrame] = field(default_factory=list)
    unplanned: list[pd.DataFrame] = field(default_factory=list)

    @classmethod
    def of(cls, batches: Iterable[JudgedRows], tasks: Mapping[str, Task], most: int) -> "JudgedCounts":
        """Counts of all batches.

        Args:
            batches: The judged rows.
            tasks: By task id.
            most: Number of disputed and ambiguous rows to keep.
        """
        found = cls()
        several = [task_id for task_id, task in tasks.items() if task.task_type == "multi_label"]
        closed = [task_id for task_id, task in tasks.items() if task.labels and task_id not in several]
        for rows, values in batches:
            is_closed, is_several = (rows["task_id"].isin(own) for own in (closed, several))
            counted = rows.assign(judged=1)
            of_open, of_sets = sides_of_open_labels(rows), sides_of_sets(rows, AS_PLANNED, OTHER_SET)
            sides = {
                name: rows[name].where(is_closed, of_open[name].where(~is_several, of_sets[name]))
                for name in ("label", "verdict")
            }
            found.cells = _added(found.cells, counted.assign(**sides), _CELL)
            if is_several.any():
                found._add_sets(counted[is_several], most)
            found.writers = _added(found.writers, counted, ["judge", "model_name"])
            found.accepted_pairs = _added(found.accepted_pairs, counted[is_closed & rows["ambiguous"]], _PAIR)
            for name in values:
                known = found.by_value.get(str(name), _no_counts(["value"]))
                found.by_value[str(name)] = _added(known, counted[COUNTS].assign(value=values[name]), ["value"])
            found.sentences.update(zip(rows["task_id"], rows["task"], strict=True))
            found.disputes = [most_votes([*found.disputes, rows[rows["disputed"]]], most)]
            found.ambiguous = [most_votes([*found.ambiguous, rows[rows["ambiguous"]]], most)]
        return found

    def _add_sets(self, rows: pd.DataFrame, most: int) -> None:
        """Adds judged rows with several labels."""
        lines = label_lines(rows)
        self.of_labels = _added(self.of_labels, lines, _CELL)
        self.accepted_pairs = _added(self.accepted_pairs, lines[lines["ambiguous"]], _PAIR)
        self.extra += extra_labels(rows)
        unplanned = rows[has_extra(rows)]
        self.extra_rows += len(unplanned)
        self.unplanned = [most_votes([*self.unplanned, unplanned], most)]


def _no_counts(keys: Sequence[str]) -> pd.DataFrame:
    return empty_frame({**dict.fromkeys(keys, "object"), **dict.fromkeys(COUNTS, "int64")})


def _added(known: pd.DataFrame, rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The counts with those of further rows, in the order in which keys first appear."""
    more = rows.groupby(keys, sort=False, dropna=False)[COUNTS].sum().astype("int64").reset_index()
    if not len(known):
        return more
    both = pd.concat([known, more], ignore_index=True)
    return both.groupby(keys, sort=False, dropna=False)[COUNTS].sum().reset_index()


def most_votes(parts: Sequence[pd.DataFrame], most: int) -> pd.DataFrame:
    """The most certain verdicts: most votes, then those that accept one label only, then the order of the ids."""
    rows = pd.concat(parts, ignore_index=True)
    return rows.sort_values(["votes", "ambiguous", "request_id"], ascending=[False, True, True]).head(most)
