"""The report: one HTML file that opens from disk, with sample rows and the worst rows of each signal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypedDict

import pandas as pd

from synthetic_textcat.pages import render_page
from synthetic_textcat.pipelines.quality_report.concerns import Concern
from synthetic_textcat.pipelines.quality_report.ledger import Ledger, ends_of
from synthetic_textcat.pipelines.quality_report.page.heat_maps import confusions, heat_map, label_pairs
from synthetic_textcat.pipelines.quality_report.page.sections import Column, Section, meanings, sections
from synthetic_textcat.schemas.cost_figures import Metrics, figure_rows
from synthetic_textcat.schemas.label_sets import labels_of, shown_labels
from synthetic_textcat.schemas.lengths import shown_length
from synthetic_textcat.schemas.rows import own_of, records_of
from synthetic_textcat.tables import RowTable, as_table

_FIGURE_COLUMNS = (
    Column("figure", "paid for"),
    Column("calls", "calls", "count"),
    Column("tokens", "tokens", "count"),
    Column("cost", "cost", "count"),
    Column("call_time", "time of calls", "count"),
    Column("meaning", "what counts", "long"),
)
Rows = Sequence[Mapping[str, Any]]
Worst = Mapping[str, Sequence[Mapping[str, str]]]
"""Signal → ids and details of the rows that it points at."""

SAMPLE_SIZE = 20


class ShownRow(TypedDict):
    """Row as it is shown.

    Attributes:
        request_id: Of the plan.
        why: Reason or cause, empty for an accepted row; `detail` says it in words.
        input_text, label, misleading_label, task: None where the row has none. Several labels are one text.
        labels: All labels of the row, or a name for none.
        language: As asked for, and `asked` all that was.
    """

    request_id: str
    why: str
    detail: str
    input_text: str | None
    label: str | None
    labels: Sequence[str]
    misleading_label: str | None
    task: str | None
    language: str
    asked: str


class OutcomeLine(NamedTuple):
    """Line of the table of outcomes: a reject reason, a failure cause or another outcome, with its meaning."""

    outcome: str
    title: str
    rows: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page shows.

    Attributes:
        ledger, metrics, concerns: Of the run.
        model: As asked for.
        banner: Said first where templates or a small model wrote the text.
        stopped_by: What ended the run before its end, in a sentence that begins after these words; empty if nothing.
        tables: Of the signals, by name.
        accepted, rejected, failed: Rows at random.
        worst: By signal, the rows it points at.
    """

    ledger: Ledger
    metrics: Metrics
    concerns: Sequence[Concern] = ()
    model: str = ""
    banner: str | None = None
    stopped_by: str = ""
    tables: Mapping[str, Rows] = field(default_factory=dict)
    accepted: Sequence[ShownRow] = ()
    rejected: Sequence[ShownRow] = ()
    failed: Sequence[ShownRow] = ()
    worst: Mapping[str, Sequence[ShownRow]] = field(default_factory=dict)


def render(report: Report) -> str:
    """The page."""
    return render_page(
        __package__,
        "quality_report.html.jinja",
        report=report,
        ledger=report.ledger,
        metrics=report.metrics,
        ends=list(_outcomes(report.ledger)),
        heat_map=heat_map,
        confusions=confusions,
        label_pairs=label_pairs,
        figures=list(figure_rows(report.metrics)),
        figure_columns=_FIGURE_COLUMNS,
        sections=list(_with_content(report)),
        random=[("accepted", report.accepted), ("rejected", report.rejected), ("failed", report.failed)],
    )


def _outcomes(ledger: Ledger) -> Iterator[OutcomeLine]:
    for outcome, name, rows in ends_of(ledger):
        title = f"{outcome}: {name}" if outcome in ("rejected", "failed") else name
        yield OutcomeLine(outcome, title, rows, meanings().get(name, ""))


def _with_content(report: Report) -> Iterator[Section]:
    """The sections that have anything to show."""
    for section in sections():
        if section.only_with and not report.metrics.get(section.only_with):
            continue
        tables = [*(table.name for table in section.tables), *(matrix.name for matrix in section.matrices)]
        if any(map(report.tables.get, tables)) or any(
            report.metrics.get(number.metric) is not None for number in section.numbers
        ):
            yield section


def sample(table: RowTable) -> pd.DataFrame:
    """At most `SAMPLE_SIZE` rows at random, the same ones on each run: the smallest ids, which are hashes."""
    return table.where("request_id", _smallest_ids(table)).sort_values("request_id", ignore_index=True)


def _smallest_ids(table: RowTable) -> list[str]:
    found = table.empty(["request_id"])["request_id"]
    for frame in table.frames(["request_id"]):
        ids = frame["request_id"]
        smaller = ids[ids < found.iloc[-1]] if len(found) == SAMPLE_SIZE else ids
        found = pd.concat([found, smaller]).sort_values().head(SAMPLE_SIZE)
    return found.tolist()


def rows_on_page(table: RowTable, worst: Worst) -> RowTable:
    """The rows of a table that the page shows, at random or since a signal points at them: few, by one walk."""
    return as_table(table.where("request_id", _ids_of(worst).union(_smallest_ids(table))))


def _ids_of(worst: Worst) -> set[str]:
    return {row["request_id"] for rows in worst.values() for row in rows}


def pointed_at(worst: Worst, tables: Iterable[RowTable]) -> dict[str, list[ShownRow]]:
    """The rows that signals point at, in their order and with their words; rows that no table has are left out."""
    wanted = _ids_of(worst)
    found = {
        row["request_id"]: row
        for table in tables
        for row in (shown_rows(table.where("request_id", wanted)) if wanted else ())
    }
    return {
        name: [{**found[row["request_id"]], "detail": row["detail"]} for row in rows if row["request_id"] in found]
        for name, rows in worst.items()
    }


def shown_rows(table: pd.DataFrame) -> list[ShownRow]:
    """Rows of `examples`, `rejected` or `failed` as they are shown."""
    own = own_of(table)
    sets = map(shown_labels, labels_of(table) if "label" in table else [None] * len(table))
    return [
        ShownRow(
            request_id=row["request_id"],
            why=row.get("reject_reason") or row.get("failure_cause") or "",
            detail=row.get("detail") or "",
            input_text=row.get("input_text"),
            label=", ".join(labels) if labels else None,
            labels=labels,
            misleading_label=row.get("misleading_label"),
            task=row.get("task"),
            language=row["language"],
            asked=_asked(row, own),
        )
        for row, labels in zip(records_of(table), sets, strict=True)
    ]


def _asked(row: Mapping[str, Any], own: Sequence[str]) -> str:
    given = [f"{name}: {row[name]}" for name in own if row[name] is not None]
    return ", ".join([row["language"], row["difficulty"], row["clarity"], shown_length(row["num_words"]), *given])
