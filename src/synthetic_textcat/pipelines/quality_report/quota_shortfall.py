"""Quota shortfall: missing rows of each cell, the next step to fill them, and the quota's metrics and tables."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from synthetic_textcat.pipelines.quality_report.quota_stand_ins import pools_for_stand_ins, stand_ins_for
from synthetic_textcat.pipelines.quality_report.quota_standing import PAUSED, Combination, Standing, causes_of
from synthetic_textcat.pipelines.quality_report.quota_yields import Pools, given_up_mask, pools_of, rows_to_ask
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import (
    ANY,
    Cell,
    CellRows,
    GivenUp,
    Rounds,
    ShortCell,
    Shortfall,
    cell_targets,
    cells_in,
    named,
    shown,
)
from synthetic_textcat.schemas.tasks import Task

_FEW = 5
"""Rows without a reply that are replaced even if no other row got one: few rows cost little after an outage."""

Positions = Sequence[int]
Replies = Callable[[Sequence[Positions]], Sequence[tuple[str, ...]]]
"""Raw replies of some lists of planned rows, by their positions in the plan."""

MOST_REPLIES = 3

MOST_LISTED = 200
MOST_SHOWN = 2_000
_MOST_CAUSES = 3
_SIDES = 2  # columns that make a matrix


@dataclass(slots=True)
class CellState:
    """Slots and planned rows of a cell.

    Attributes:
        target: Rows that are wanted (`cell_targets`).
        ends: Row counts by outcome.
        to_fill, pending: Open slots that are not given up, and those of them that wait for a reply.
    """

    target: int
    ends: Counter[str] = field(default_factory=Counter)
    to_fill: int = 0
    pending: int = 0

    @property
    def accepted(self) -> int:
        """Number of accepted rows."""
        return self.ends["accepted"]

    @property
    def missing(self) -> int:
        """Missing rows: open slots, or fewer where labels have more slots than they need."""
        return max(0, self.target - self.accepted)

    @property
    def given_up(self) -> int:
        """Missing rows that no open slot brings."""
        return max(0, self.missing - self.to_fill)


def shortfall_of(
    standing: Standing,
    rounds: Rounds,
    previous: Shortfall | None,
    tasks: Sequence[Task],
    sampling: AttributeSamplingParameters,
    replies: Replies,
) -> tuple[Shortfall, Mapping[Cell, CellState]]:
    """Shortfall of the quota, with the next step to fill it, and the state of each cell.

    Args:
        standing: Progress of each combination of values.
        rounds: Rounds of the plan.
        previous: Shortfall of the previous pass.
        tasks: Tasks of the plan.
        sampling: The target, the columns of a cell and the limit of rounds.
        replies: Last replies for rows that were given up, asked for once.
    """
    assert sampling.target_accepted is not None
    per = sampling.cell_columns
    pools, all_of = pools_of(standing, per), [*standing.combinations.values()]
    is_paused = [own.ends[PAUSED] > 0 for own in all_of] & ((standing.rows > 0).sum(axis=1) > 1)
    is_given_up = (given_up_mask(pools) | is_paused).tolist()
    waiting = [row for own in all_of for row in own.waiting]
    answered = int(standing.answered.sum())
    lost = _lost(waiting, answered, previous)
    values_of = [named(values, standing.columns) for values in standing.combinations]
    slots_of = zip(values_of, (own.wanted for own in all_of), strict=True)
    targets = cell_targets(slots_of, per, sampling.target_accepted)
    cells_of = [cells_in(values, per) for values in values_of]
    cells: dict[Cell, CellState] = {}
    for names, own in zip(cells_of, all_of, strict=True):
        for name in names:
            cells.setdefault(name, CellState(targets[name])).ends += own.ends
    missing = [
        max(0, own.wanted - own.accepted) if any(cells[name].missing for name in names) else 0
        for names, own in zip(cells_of, all_of, strict=True)
    ]
    open_ = [0 if given_up else slots for slots, given_up in zip(missing, is_given_up, strict=True)]
    for names, slots in zip(cells_of, open_, strict=True):
        for name in names:
            cells[name].to_fill += slots
    left = zip(standing.combinations, missing, given_up_mask(pools) & ~is_paused, strict=True)
    stand_ins = stand_ins_for(
        {values: slots for values, slots, given_up in left if given_up},
        {name: own.given_up for name, own in cells.items()},
        standing,
        pools,
        tasks,
        per,
    )
    planned = standing.with_more(stand_ins)
    for values, slots in stand_ins.items():
        for name in cells_in(named(values, standing.columns), per):
            cells[name].to_fill += slots
    open_ += [0] * (len(planned.combinations) - len(open_))
    open_ = [slots + stand_ins[values] for values, slots in zip(planned.combinations, open_, strict=True)]
    pending = [sum(row not in lost for row in own.waiting) for own in planned.combinations.values()]
    for values, slots, waits in zip(planned.combinations, open_, pending, strict=True):
        for name in cells_in(named(values, standing.columns), per) if waits else ():
            cells[name].pending += min(slots, waits)
    needed = [max(0, slots - waits) for slots, waits in zip(open_, pending, strict=True)]
    next_ = _next(open_, needed, not_run=sum(own.ends["not_run"] for own in all_of))
    if next_ == "round" and len(rounds.rounds) >= sampling.max_rounds:
        next_ = "replies" if any(own.pending for own in cells.values()) else None
    return Shortfall(
        recipe=rounds.recipe,
        asked_with=rounds.asked_with,
        rounds=len(rounds.rounds),
        target_accepted=sampling.target_accepted,
        wanted=sum(own.accepted for own in all_of) + sum(missing),
        asked=len(cells),
        is_even=not sampling.proportions and all(own.target == sampling.target_accepted for own in cells.values()),
        accepted=sum(own.accepted for own in all_of),
        surplus=sum(own.ends["surplus"] for own in all_of),
        answered=answered,
        waiting=tuple(waiting),
        next=next_,
        cells=tuple(_short(named(cell, per), own) for cell, own in cells.items() if own.missing),
        given_up=_given_up(standing, pools, missing, replies),
        ask=_ask(planned, pools_for_stand_ins(planned, pools, per) if stand_ins else pools, needed, per)
        if next_ == "round"
        else (),
    ), cells


def _ask(planned: Standing, pools: Sequence[Pools], needed: Sequence[int], per: Sequence[str]) -> tuple[CellRows, ...]:
    """Rows of the next round, by the values of the open slots and of their stand-ins."""
    rows_of = zip(planned.combinations, rows_to_ask(pools, needed, per), strict=True)
    return tuple(CellRows(cell=named(values, planned.columns), rows=rows) for values, rows in rows_of if rows)


def _lost(waiting: Sequence[str], answered: int, previous: Shortfall | None) -> set[str]:
    """Rows without a reply in two passes although the server answered others; they are given up."""
    if previous is None or (answered <= previous.answered and len(waiting) > _FEW):
        return set()
    return set(waiting) & set(previous.waiting)


def _next(open_: Sequence[int], needed: Sequence[int], *, not_run: int) -> Literal["round", "replies"] | None:
    """Next step: a new round only once every planned row was requested and open rows can't fill the quota."""
    if not any(open_):
        return None
    return "round" if any(needed) and not not_run else "replies"


def _short(cell: dict[str, str | None], own: CellState) -> ShortCell:
    return ShortCell(
        cell=cell,
        target=own.target,
        accepted=own.accepted,
        given_up=own.given_up,
        planned=own.ends.total(),
        pending=own.pending,
        causes=causes_of(own.ends),
    )


def _given_up(
    standing: Standing, pools: Sequence[Pools], missing: Sequence[int], replies: Replies
) -> tuple[GivenUp, ...]:
    """The pools that were given up, as far as their open slots are in no other.

    First those without an accepted row, of these the widest; a combination of all values only where nothing else is.
    """
    combinations = [*standing.combinations.items()]
    found = []
    for level, own in enumerate(pools):
        members: defaultdict[int, list[int]] = defaultdict(list)
        for number, pool in enumerate(own.number.tolist()):
            if own.is_given_up[pool]:
                members[pool].append(number)
        for numbers in members.values():
            accepted, wanted = (
                sum(values)
                for values in zip(
                    *((combinations[n][1].accepted, combinations[n][1].wanted) for n in numbers), strict=True
                )
            )
            is_last, is_wide, share = own is pools[-1], len(own.columns) == 1, accepted / wanted if wanted else 1.0
            found.append((is_last, accepted > 0, not is_wide, share, level, own.columns, own.label, numbers))
    explained, records, positions = [not slots for slots in missing], list[GivenUp](), list[Positions]()
    for *_, columns, label, numbers in sorted(found):
        if all(explained[number] for number in numbers):
            continue
        for number in numbers:
            explained[number] = True
        values = dict(zip(standing.columns, combinations[numbers[0]][0], strict=True))
        rounds = int((standing.rows[numbers].sum(axis=0) > 0).sum())
        of_pool: dict[str, str | None] = {"label": label} if label else {name: values[name] for name in columns}
        records.append(_record(of_pool, [combinations[n][1] for n in numbers], rounds))
        positions.append(standing.positions_of(numbers)[-MOST_REPLIES:].tolist())
    said = replies(positions) if records else ()
    return tuple(own.model_copy(update={"replies": texts}) for own, texts in zip(records, said, strict=True))


def _record(values: dict[str, str | None], members: Sequence[Combination], rounds: int) -> GivenUp:
    ends: Counter[str] = sum((own.ends for own in members), Counter())
    return GivenUp(
        values=values,
        wanted=sum(own.wanted for own in members),
        accepted=ends["accepted"],
        rounds=rounds,
        causes=causes_of(ends),
    )


def quota_metrics(shortfall: Shortfall) -> dict[str, float | None]:
    """Metrics of the quota's progress.

    Returns:
        `quota/cells`, `quota/cells_done`: all cells, and complete ones.
        `quota/cells_infeasible`: cells that lack only rows that were given up.
        `quota/given_up`: values, cells and combinations that were given up.
        `quota/missing`, `quota/surplus`: missing rows, and good rows beyond the target.
        `quota/rounds`: rounds planned.
    """
    return {
        "quota/cells": shortfall.asked,
        "quota/cells_done": shortfall.done,
        "quota/cells_infeasible": len(shortfall.infeasible),
        "quota/given_up": len(shortfall.given_up),
        "quota/missing": shortfall.missing,
        "quota/surplus": shortfall.surplus,
        "quota/rounds": shortfall.rounds,
    }


def quota_tables(
    cells: Mapping[Cell, CellState], shortfall: Shortfall, per: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Tables of the quota.

    Returns:
        `quota`: cell, state (short, given up or done), accepted, target, missing, surplus, planned (rows), yield
        (good / planned), causes; at most `MOST_LISTED`, the most missing rows first. `quota_given_up`: values,
        accepted, wanted, rounds, causes. `quota_matrix`, if two columns define a cell: one entry per cell with `down`,
        `across`, accepted, target; empty for more than `MOST_SHOWN` cells. `quota_replies`: values, reply; raw replies
        of rows that were given up.
    """
    lines = [_line(shown(named(cell, per)), own) for cell, own in cells.items()]
    lines.sort(key=lambda line: (-line["missing"], line["state"] != "given up"))
    has_sides = len(per) == _SIDES and len(cells) <= MOST_SHOWN
    given_up = shortfall.given_up[:MOST_LISTED]
    return {
        "quota": lines[:MOST_LISTED],
        "quota_given_up": [
            {
                "values": shown(own.values),
                "accepted": own.accepted,
                "wanted": own.wanted,
                "rounds": own.rounds,
                "causes": _listed(own.causes),
            }
            for own in given_up
        ],
        "quota_matrix": _matrix(cells) if has_sides else [],
        "quota_replies": [{"values": shown(own.values), "reply": reply} for own in given_up for reply in own.replies],
    }


def _line(cell: str, own: CellState) -> dict[str, Any]:
    return {
        "cell": cell,
        "state": "done" if not own.missing else "given up" if own.given_up == own.missing else "short",
        "accepted": own.accepted,
        "target": own.target,
        "missing": own.missing,
        "surplus": own.ends["surplus"],
        "planned": own.ends.total(),
        "yield": (own.accepted + own.ends["surplus"]) / own.ends.total() if own.ends else None,
        "causes": _listed(causes_of(own.ends)),
    }


def _listed(causes: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} ({rows})" for name, rows in list(causes.items())[:_MOST_CAUSES])


def _matrix(cells: Mapping[Cell, CellState]) -> list[dict[str, Any]]:
    """Entries of the quota matrix; the column with more values becomes the rows."""
    down, across = (1, 0) if len({cell[1] for cell in cells}) > len({cell[0] for cell in cells}) else (0, 1)
    return [
        {"down": cell[down] or ANY, "across": cell[across] or ANY, "accepted": own.accepted, "target": own.target}
        for cell, own in cells.items()
    ]
