"""Where rows ended, for the page and the plot."""

from synthetic_textcat.pipelines.quality_report.ledger import Ledger


def ends_of(ledger: Ledger) -> list[tuple[str, str, int]]:
    """Each end of a row that occurs: outcome, its name to show, rows; accepted first, then by number of rows."""
    rejected = [("rejected", reason, rows) for reason, rows in ledger["rejected"].items()]
    failed = [("failed", cause, rows) for cause, rows in ledger["failed"].items()]
    others = [("not_run", "not run", ledger["not_run"]), ("surplus", "surplus", ledger["surplus"])]
    rest = [end for end in others if end[2]]
    return [("accepted", "accepted", ledger["accepted"]), *sorted([*rejected, *failed, *rest], key=lambda end: -end[2])]
