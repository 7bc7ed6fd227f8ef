"""Judged rows with several labels: a line for each planned label, and labels that the judge accepts beyond the plan."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.schemas.label_sets import label_set_of, labels_of
from synthetic_textcat.schemas.label_verdicts import NONE_OF_THESE
from synthetic_textcat.schemas.rows import plain


class JudgedSet(NamedTuple):
    """Planned and judged labels of a row.

    Attributes:
        planned: Its labels.
        judged: Those that the judge accepts; None if it is undecided.
        misleading: The misleading label.
    """

    planned: tuple[str, ...]
    judged: tuple[str, ...] | None
    misleading: str

    @property
    def extra(self) -> list[str]:
        """Labels that the judge accepts beyond the plan, the misleading label first."""
        extra = [label for label in self.judged or () if label not in self.planned]
        return sorted(extra, key=lambda label: label != self.misleading)

    def answers(self) -> Iterator[tuple[str, str | None]]:
        """Each planned label with what the judge says in its place: itself, another label, none, or None if undecided.

        A label that the judge does not accept is taken for one that it accepts beyond the plan, as far as there are
        any, and each of these for one.
        """
        others = iter(self.extra)
        for label in self.planned:
            if self.judged is None:
                yield label, None
            else:
                yield label, label if label in self.judged else next(others, NONE_OF_THESE)


def judged_sets(rows: pd.DataFrame) -> list[JudgedSet]:
    """Planned and judged labels of some rows; columns labels, verdict, misleading_label."""
    verdicts = (None if code is None else label_set_of(code) for code in plain(rows["verdict"]))
    columns = zip(labels_of(rows), verdicts, plain(rows["misleading_label"]), strict=True)
    return [JudgedSet(planned or (), judged, misleading) for planned, judged, misleading in columns]


def label_lines(rows: pd.DataFrame) -> pd.DataFrame:
    """A line for each planned label of the rows: all columns, with label, verdict, agrees and disputed of the label.

    Rows that none of the labels fits have no line.
    """
    answers = [list(own.answers()) for own in judged_sets(rows)]
    lines = rows.iloc[[place for place, own in enumerate(answers) for _ in own]]
    flat = [answer for own in answers for answer in own]
    label, verdict = (pd.Series([answer[side] for answer in flat], lines.index, dtype="str") for side in (0, 1))
    agrees = (label == verdict).astype(bool)
    return lines.assign(label=label, verdict=verdict, agrees=agrees, disputed=~agrees & verdict.notna())


def lines_by_label(
    batches: Iterable[tuple[pd.DataFrame, Any]], several: Collection[str]
) -> Iterator[tuple[pd.DataFrame, Any]]:
    """Judged rows batch by batch, those of some tasks, with several labels a text, as a line for each planned label."""
    for rows, values in batches:
        is_several = rows["task_id"].isin(list(several))
        yield pd.concat([rows[~is_several], label_lines(rows[is_several])]) if is_several.any() else rows, values


def extra_labels(rows: pd.DataFrame) -> Counter[tuple[str, str]]:
    """Rows of which the judge accepts a label beyond the plan, by task id and label."""
    pairs = zip(rows["task_id"].tolist(), judged_sets(rows), strict=True)
    return Counter((task_id, label) for task_id, own in pairs for label in own.extra)


def has_extra(rows: pd.DataFrame) -> Sequence[Any]:
    """Whether the judge accepts a label beyond the plan, for each row."""
    return [bool(own.extra) for own in judged_sets(rows)]


def sides_of_sets(rows: pd.DataFrame, planned: str, other: str) -> pd.DataFrame:
    """Label and verdict of rows with several labels as two words: as planned, or another set; missing if undecided."""
    verdict = pd.Series(other, rows.index, dtype="object")
    verdict[rows["agrees"]] = planned
    verdict[rows["undecided"]] = None
    return pd.DataFrame({"label": planned, "verdict": verdict}, index=rows.index)
