"""When a run is not good enough."""

from synthetic_textcat.pipelines.quality_report.ledger import Ledger


def too_low(ledger: Ledger, min_yield: float) -> str | None:
    """What is wrong with the yield of the rows that were run, accepted / (planned - not_run); None if nothing is."""
    run = ledger["planned"] - ledger["not_run"]
    if not run or ledger["accepted"] / run >= min_yield:
        return None
    causes = sorted({**ledger["rejected"], **ledger["failed"]}.items(), key=lambda cause: -cause[1])
    return (
        f"Only {ledger['accepted']} of {run} rows were accepted; quality_report.min_yield={min_yield} asks for more. "
        f"Most common: {', '.join(f'{name} {rows}' for name, rows in causes[:3])}. All is saved: see the report"
    )
