"""The ledger: every planned row in exactly one place, or no ledger at all."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypedDict

from synthetic_textcat.errors import TextcatError
from synthetic_textcat.schemas.outcomes import TRANSPORT_CAUSES


class Ledger(TypedDict):
    """The counts that add up: planned = accepted + rejected + failed + not_run + surplus.

    Surplus are good rows beyond what a quota asked for in their cell.
    """

    planned: int
    accepted: int
    rejected: dict[str, int]
    failed: dict[str, int]
    not_run: int
    surplus: int


class LedgerError(TextcatError):
    """A row that is in two places, or in none that was planned."""


def count(
    planned: Iterable[str],
    accepted: Iterable[str],
    rejected: Mapping[str, str],
    failed: Mapping[str, str],
    surplus: Collection[str] = (),
) -> Ledger:
    """The ledger of request ids; `rejected` and `failed` map ids to reason and cause.

    Raises:
        LedgerError: If it does not add up.
    """
    rows, done = list(planned), [*accepted, *surplus, *rejected, *failed]
    ids = set(rows)
    if len(ids) < len(rows):
        raise LedgerError("The plan has a row twice. Next: run `kedro run --pipelines attribute_sampling` again")
    _refuse_strangers(ids, done)
    if len(set(done)) < len(done):
        twice = next(row for row, times in Counter(done).items() if times > 1)
        raise LedgerError(f"Row {twice} ended in two places. Next: run `kedro run --pipelines generate` again")
    return Ledger(
        planned=len(ids),
        accepted=len(done) - len(surplus) - len(rejected) - len(failed),
        rejected=_by_name(rejected.values()),
        failed=_by_name(failed.values()),
        not_run=len(ids) - len(done),
        surplus=len(surplus),
    )


def rows_run(ledger: Ledger, *, outage: bool = False) -> int:
    """Rows that count as run: all that were asked for.

    After an outage only those that a reply came for. The others say something of the server and nothing of the data,
    and the next run asks for them again.
    """
    unanswered = sum(ledger["failed"].get(cause, 0) for cause in TRANSPORT_CAUSES) if outage else 0
    return ledger["planned"] - ledger["not_run"] - unanswered


def good_share(ledger: Ledger, *, outage: bool = False) -> float | None:
    """Good rows, surplus among them, of those that were run: the yield that limits are set on; null where none was.

    Unit: share, 0 to 1.
    """
    run = rows_run(ledger, outage=outage)
    return (ledger["accepted"] + ledger["surplus"]) / run if run else None


def _refuse_strangers(planned: set[str], done: Sequence[str]) -> None:
    strangers = [row for row in done if row not in planned]
    if strangers:
        raise LedgerError(
            f"{len(strangers)} rows (such as {strangers[0]}) are not in the plan: the dataset 'requests' is "
            "newer than 'candidates'. Next: run `kedro run --pipelines generation` first"
        )


def _by_name(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
