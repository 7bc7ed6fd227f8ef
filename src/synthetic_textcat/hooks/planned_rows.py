"""Planned rows by id, to check a reply against its row as soon as it is saved."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.llm.prompts.messages import instructions_for
from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, known_of
from synthetic_textcat.schemas.block import TextChecks
from synthetic_textcat.schemas.completions import Reply, RowReply
from synthetic_textcat.schemas.label_sets import labels_of
from synthetic_textcat.schemas.rows import plain
from synthetic_textcat.schemas.several_labels_replies import SeveralLabelsReply
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.tables import IdPositions, RowTable, as_table
from synthetic_textcat.text.batches import ValueCodes


class PlannedRows:
    """Planned rows by id, 45 bytes each.

    Args:
        requests: The plan.
        tasks: Its tasks.
        asked: Positions of the rows that are asked for; None = all.
        text_checks: Bounds of the reasons for texts; None = the defaults.
        instructions: The prompts' own words.
        of_several: The own words of the prompt for several labels a text.
    """

    _COLUMNS: ClassVar = ("task_id", "label", "labels", "language", "num_words")

    def __init__(
        self,
        requests: RowTable | pd.DataFrame,
        tasks: pd.DataFrame,
        asked: NDArray[np.int64] | None = None,
        text_checks: TextChecks | None = None,
        instructions: tuple[str, ...] = (),
        of_several: tuple[str, ...] = (),
    ) -> None:
        self._known = tasks_of(tasks).each(
            lambda task: known_of(task, text_checks, instructions_for(task, instructions, of_several))
        )
        table = as_table(requests)
        self._rows = IdPositions(table)
        self._is_asked = np.full(len(table), asked is None)
        if asked is not None:
            self._is_asked[asked] = True
        values = [ValueCodes() for _ in self._COLUMNS]
        parts: list[list[NDArray[np.int32]]] = [[np.empty(0, np.int32)] for _ in self._COLUMNS]
        for frame in table.frames([name for name in self._COLUMNS if name in table]):
            for own, codes, column in zip(parts, values, _columns(frame), strict=True):
                own.append(codes.add(column))
        self._columns = [(np.concatenate(own), codes.values) for own, codes in zip(parts, values, strict=True)]

    def __contains__(self, request_id: str) -> bool:
        """Whether a row is asked for."""
        row = self._rows.of_one(request_id)
        return row >= 0 and bool(self._is_asked[row])

    def _planned(self, request_id: str) -> Iterator[Any]:
        """Task, label, labels if there can be several, language and length of a row."""
        row = self._rows.of_one(request_id)
        return (values[code] if (code := codes[row]) >= 0 else None for codes, values in self._columns)

    def reply_of(self, request_id: str) -> type[RowReply]:
        """Form of the reply to a row."""
        _, _, labels, *_ = self._planned(request_id)
        return Reply if labels is None else SeveralLabelsReply

    def candidate(self, request_id: str, reply: RowReply) -> Candidate:
        """The reply next to what was planned for it."""
        planned = dict(zip(self._COLUMNS, self._planned(request_id), strict=True))
        return Candidate.of_reply({"request_id": request_id, **planned}, reply, self._known[planned["task_id"]])


def _columns(frame: pd.DataFrame) -> "list[pd.Series[Any]]":
    label = plain(frame["label"])
    several = [own if one is None else None for one, own in zip(label, labels_of(frame), strict=True)]
    labels = pd.Series(np.fromiter(several, object, len(several)), dtype="object")
    return [frame["task_id"], frame["label"], labels, frame["language"], frame["num_words"]]
