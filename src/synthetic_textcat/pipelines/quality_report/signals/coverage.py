"""Coverage of the plan by accepted rows: shares of each attribute's values, within the values of its parent."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus, SignalResult
from synthetic_textcat.pipelines.quality_report.signals.label_sets import Sets, rows_by_label, rows_by_size
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.label_sets import LABELS
from synthetic_textcat.schemas.own_attributes import OwnChoice, parent_of
from synthetic_textcat.schemas.rows import ATTRIBUTES, own_of, records_of
from synthetic_textcat.schemas.tasks import Task

MOST_LISTED = 100
MIN_PLANNED_ROWS = 30
"""Minimum of planned rows per value, on average: with fewer, random losses alone cause a distance of 0.1 and more."""

LABELS_PER_TEXT = "labels_per_text"
OF_SETS = (LABELS, LABELS_PER_TEXT)
"""Attributes of rows with several labels."""

_WITHIN, _VALUE = "within", "value"
_SIDES = ("planned", "accepted")
_LEAST_EXPECTED = 5  # rows in a cell: the usual rule for the chi-squared distribution to fit


def coverage(corpus: Corpus) -> SignalResult:
    """Coverage of planned values by accepted rows, for each attribute, user-defined attribute and planned label.

    Labels are grouped by name across tasks; rows without a planned value are left out. Rows with several labels count
    in `labels`, in each of their labels, and in `labels_per_text`, the number of these. With a quota the planned rows
    are those that it asks for: rows that are planned again, since others were lost, change no mix.

    Values of a dependent attribute are counted within each value of its parent, as they are planned: where rows of one
    parent's value are lost, the shares within the others stay, and the loss is that of the parent. Over all values of
    the parent they are counted with a quota that has the attribute and not its parent, or where tasks differ in it.

    Metrics:
        coverage/<attribute>: total variation distance between planned and accepted shares, half the sum of their
            absolute differences: 0 = as planned, 1 = nothing in common. Of a dependent attribute the mean over the
            values of its parent, by planned rows. Null if nothing was accepted.
        coverage/largest: the largest distance of attributes with at least `MIN_PLANNED_ROWS` planned rows per value.
        coverage/p/<attribute>: p value of Pearson's chi-squared test that a row's value and its acceptance are
            independent, given its parent's value. (A goodness-of-fit test does not apply: accepted rows are a subset of
            the plan, not a separate sample.) Null if a cell's expected count is below five rows, as when nearly all
            rows are accepted.

    Table `coverage`: attribute, value, planned, accepted (rows), share_planned, share_accepted; at most `MOST_LISTED`
    values per attribute; the largest differences between the shares first. With dependent attributes also `within`, the
    parent and its value, which the shares are of; then a difference counts by the share of that value.
    """
    slots = corpus.quota_slots
    distances: Metrics = {}
    p_values: Metrics = {}
    telling: list[float] = []
    tables = []
    for attribute, of_plan in _rows_by_value(corpus).items():
        counts = of_plan
        if len(slots) and attribute in slots and attribute not in OF_SETS:
            counts = _as_the_quota_asks(of_plan, slots, attribute)
        distances[f"coverage/{attribute}"] = distance = _distance(counts)
        if distance is not None and counts["planned"].mean() >= MIN_PLANNED_ROWS:
            telling.append(distance)
        if attribute != LABELS:  # whose rows count several times
            p_values[f"coverage/p/{attribute}"] = _p_value(of_plan)
        tables.append(_by_difference(_lines(attribute, counts)).head(MOST_LISTED))
    table = _by_difference(pd.concat(tables, ignore_index=True)).drop(columns="difference")
    within = table[_WITHIN].where(table[_WITHIN].ne(""), None)
    table = table.assign(within=within) if within.notna().any() else table.drop(columns=_WITHIN)
    return SignalResult(
        {**distances, "coverage/largest": max(telling, default=None), **p_values}, {"coverage": list(records_of(table))}
    )


def _rows_by_value(corpus: Corpus) -> dict[str, pd.DataFrame]:
    """Planned and accepted rows by parent's value and value, for each attribute; surplus rows do not count as planned.

    The parent's value is empty for rows whose value depends on none.
    """
    attributes = [*ATTRIBUTES, *own_of(corpus.requests), "label"]
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in attributes}
    is_surplus, is_accepted = (corpus.ends.has_outcome(outcome) for outcome in ("surplus", "accepted"))
    parents = Parents(corpus.tasks.values(), corpus.own_attributes)
    start = 0
    for frame in corpus.requests.frames([*attributes, "task_id"]):
        own = slice(start, start + len(frame))
        rows, accepted = frame[~is_surplus[own]], is_accepted[own][~is_surplus[own]]
        for name in attributes:
            for parent, of_parent in parents.split(name, rows):
                keys = [rows[name][of_parent], *([] if parent is None else [rows[parent][of_parent]])]
                groups = pd.Series(accepted[of_parent], keys[0].index).groupby(keys, observed=True)
                counts = pd.DataFrame({"planned": groups.size(), "accepted": groups.sum()})
                parts[name].append(_keyed(counts, parent))
        start += len(frame)
    return {name: _added_up(counts) for name, counts in parts.items()} | _rows_by_set(corpus)


def _keyed(counts: pd.DataFrame, parent: str | None) -> pd.DataFrame:
    """Counts by value, or by value and parent's value, with an index of both."""
    values = counts.index.get_level_values(0)
    within = [""] * len(counts)
    if parent is not None:
        within = [f"{parent}: {each}" for each in counts.index.get_level_values(1)]
    return counts.set_axis(pd.MultiIndex.from_arrays([within, values], names=[_WITHIN, _VALUE]))


def _rows_by_set(corpus: Corpus) -> dict[str, pd.DataFrame]:
    """The same of rows with several labels: by label and by number of labels; nothing without such a task."""
    sides = {"planned": corpus.planned_sets, "accepted": corpus.set_rows.counts}
    rows_of: dict[str, Callable[[Sets], Counter[Any]]] = {LABELS: rows_by_label, LABELS_PER_TEXT: rows_by_size}
    counts = {
        name: {side: _summed(map(rows, of_tasks.values())) for side, of_tasks in sides.items()}
        for name, rows in rows_of.items()
    }
    return {name: _table_of(found) for name, found in counts.items() if found["planned"]}


def _summed(counts: Iterable[Counter[Any]]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for own in counts:
        found.update(own)
    return found


def _table_of(counts: Mapping[str, Mapping[Any, int]]) -> pd.DataFrame:
    values = sorted(counts["planned"])
    columns = {side: [rows.get(value, 0) for value in values] for side, rows in counts.items()}
    return _keyed(pd.DataFrame(columns, index=pd.Index(list(map(str, values)), dtype="str")), None)


def _added_up(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    if len(parts) == 1:
        return parts[0].sort_index()
    none = pd.DataFrame({side: [] for side in _SIDES}, index=pd.Index([], dtype="str"), dtype="int64")
    counts: pd.DataFrame = pd.concat([_keyed(none, None), *parts]).groupby(level=[_WITHIN, _VALUE]).sum()
    return counts


def _as_the_quota_asks(of_plan: pd.DataFrame, slots: pd.DataFrame, attribute: str) -> pd.DataFrame:
    """Counts with the rows of the quota's slots as planned rows, over all values of a parent that no slot has."""
    parents = {within.partition(": ")[0] for within in of_plan.index.get_level_values(_WITHIN)}
    parent = next(iter(parents)) if len(parents) == 1 else ""
    if parent not in slots:
        of_plan = _keyed(of_plan.groupby(level=_VALUE).sum(), None)
    keys = [slots[attribute], *([slots[parent]] if parent in slots else [])]
    wanted = _keyed(slots.groupby(keys).size().to_frame("planned"), parent if parent in slots else None)
    every = of_plan.index.union(wanted.index)
    accepted = of_plan["accepted"].reindex(every, fill_value=0)
    return pd.DataFrame({"planned": wanted["planned"].reindex(every, fill_value=0), "accepted": accepted})


def _lines(attribute: str, counts: pd.DataFrame) -> pd.DataFrame:
    """Lines of the table, with a column `difference` to sort them by."""
    totals = counts.groupby(level=_WITHIN).transform("sum")
    shares = counts / totals
    part = totals["planned"] / counts["planned"].sum()
    lines = counts.assign(
        share_planned=shares["planned"],
        share_accepted=shares["accepted"],
        difference=(shares["planned"] - shares["accepted"]).abs() * part,
    ).reset_index()
    lines.insert(0, "attribute", attribute)
    return lines


def _by_difference(lines: pd.DataFrame) -> pd.DataFrame:
    return lines.sort_values("difference", ascending=False, kind="stable")


def _distance(counts: pd.DataFrame) -> float | None:
    """Total variation distance, the mean over the parent's values that have accepted rows."""
    groups = [group for group in _by_parents_value(counts) if group.any(axis=0).all()]
    if not groups:
        return None
    planned = np.array([group[:, 0].sum() for group in groups])
    shares = [group / group.sum(axis=0) for group in groups]
    distances = [float(np.abs(share[:, 0] - share[:, 1]).sum() / 2) for share in shares]
    return float((planned / planned.sum() * distances).sum())


def _by_parents_value(counts: pd.DataFrame) -> list[NDArray[np.int64]]:
    """Planned and accepted rows (columns) by value (rows), an array for each value of the parent."""
    numbers = np.asarray(counts.index.codes[0])  # type: ignore[attr-defined]
    order = np.argsort(numbers, kind="stable")
    rows = counts[list(_SIDES)].to_numpy(np.int64)[order]
    return np.split(rows, np.flatnonzero(np.diff(numbers[order])) + 1)


def _p_value(counts: pd.DataFrame) -> float | None:
    """P value of the sum of the statistics of each parent's value that has several values."""
    from scipy.special import chdtrc  # a tenth of what scipy.stats takes to import

    statistic, freedom = 0.0, 0
    for group in _by_parents_value(counts):
        if len(group) < 2:
            continue
        planned, accepted = group.T
        cells = np.column_stack([accepted, planned - accepted]).astype(np.float64)
        expected = np.outer(cells.sum(axis=1), cells.sum(axis=0)) / max(1.0, cells.sum())
        if expected.min() < _LEAST_EXPECTED:
            return None
        statistic += ((cells - expected) ** 2 / expected).sum()
        freedom += len(cells) - 1
    return float(chdtrc(freedom, statistic)) if freedom else None


class Parents:
    """Parents of dependent attributes: the attribute, if any, that a row's value of an own attribute depends on.

    A label's choice replaces its task's, and that the parameters'. Rows with several labels have the choice of a label
    by lot, which no table keeps: where one of their labels has a choice of its own, they count as independent.

    Args:
        tasks: The tasks of the plan.
        usual: Own attributes of the parameters.
    """

    def __init__(self, tasks: Iterable[Task], usual: Mapping[str, OwnChoice]) -> None:
        self._of_task: dict[str, dict[str, str]] = {}
        self._of_label: dict[str, dict[tuple[str, str], str | None]] = {}
        for task in tasks:
            for name, choice in {**usual, **task.extra}.items():
                if (parent := parent_of(choice)) is not None:
                    self._of_task.setdefault(name, {})[task.task_id] = parent
            for label in task.labels:
                for name, choice in label.extra.items():
                    if task.task_type == "multi_label":
                        self._of_task.get(name, {}).pop(task.task_id, None)
                    else:
                        self._of_label.setdefault(name, {})[task.task_id, label.name] = parent_of(choice)

    def split(self, attribute: str, rows: pd.DataFrame) -> Iterator[tuple[str | None, NDArray[np.bool_] | slice]]:
        """The rows by the attribute's parent: which rows, for each; None for rows whose value depends on none.

        Args:
            attribute: An attribute of the plan.
            rows: Rows of the plan, with `task_id` and `label`.
        """
        of_task, of_label = self._of_task.get(attribute, {}), self._of_label.get(attribute, {})
        if not of_task and not any(of_label.values()):
            yield None, slice(None)
            return
        parents = rows["task_id"].map(of_task).astype(object).to_numpy(copy=True)
        for (task_id, label), parent in of_label.items():
            parents[((rows["task_id"] == task_id) & (rows["label"] == label)).to_numpy()] = parent
        # A report may be made with other parameters than its plan, so that a parent is no column.
        is_none = ~pd.Series(parents).isin(rows.columns).to_numpy()
        if is_none.any():
            yield None, is_none
        for parent in sorted({*parents[~is_none]}):
            yield parent, parents == parent
