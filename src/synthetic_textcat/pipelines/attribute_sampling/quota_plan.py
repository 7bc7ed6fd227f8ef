"""The plan of a quota: rounds of rows, each the next row of its task with the values of a slot.

The rows of a task go on without end. Those with one combination of values are a sequence of their own, of which each
round takes the next rows. Rows of other combinations are passed over, but keep their numbers; so a row is the same one,
whatever else is planned. The first round has a row for each slot, a later one rows for the slots that are still open.
"""

from collections.abc import Sequence
from math import ceil, log

import numpy as np
import pandas as pd

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.pipelines.attribute_sampling.deduplicate_plan import combinations_of
from synthetic_textcat.pipelines.attribute_sampling.plan import PlanTable, by_id, own_attributes
from synthetic_textcat.pipelines.attribute_sampling.quota_label_sets import FURTHEST
from synthetic_textcat.pipelines.attribute_sampling.quota_slots import QuotaSlots
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, ranges
from synthetic_textcat.pipelines.attribute_sampling.task_rows import TaskRows
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Cell, CellRows, Rounds, Shortfall, named, shown, unnamed
from synthetic_textcat.schemas.tasks import Task

_QUOTA_VERSION = 3
_NOT_DRAWN_FROM = {"num_examples", "num_seed_examples", "target_accepted", "max_rounds"}


def recipe_of(tasks: Sequence[Task], sampling: AttributeSamplingParameters, seed: int) -> str:
    """Hex sha256 of everything that determines the rows of a slot; rounds restart when it changes."""
    drawn_from = sorted(
        (task.task_id, task.weight, task.label_names, task.to_row("file")["attributes"]) for task in tasks
    )
    drawn_by = sampling.model_dump(mode="json", exclude=_NOT_DRAWN_FROM)
    drawn_by["per"] = [[name, sampling.proportions.get(name)] for name in sampling.cell_columns]
    if drawn_by["misleading_label"] == "even":
        del drawn_by["misleading_label"]  # as before there was a choice, so that no quota begins anew
        return sha256_of([_QUOTA_VERSION, seed, drawn_by, drawn_from])
    described = sorted((task.task_id, [label.description for label in task.labels]) for task in tasks)
    return sha256_of([_QUOTA_VERSION, seed, drawn_by, drawn_from, described])


def first_round(slots: QuotaSlots, block_columns: Sequence[str], target: int) -> tuple[CellRows, ...]:
    """First round: a row for each slot, enough if every row is accepted."""
    sizes = zip(slots.blocks, slots.sizes(target), strict=True)
    return tuple(CellRows(cell=named(block, block_columns), rows=rows) for block, rows in sizes)


def kept_of(past: Rounds | None, recipe: str, asked_with: str, target: int) -> tuple[tuple[CellRows, ...], ...]:
    """Rounds that remain valid: none for a new recipe or a higher target, only the first for a new model or prompt."""
    if past is None or past.recipe != recipe or (past.target is not None and target < past.target):
        return ()
    return past.rounds if past.asked_with in (None, asked_with) else past.rounds[:1]


def is_judged(rounds: Rounds, shortfall: Shortfall | None) -> bool:
    """Whether the shortfall belongs to exactly these rounds, with their model, prompts and target."""
    return (
        shortfall is not None and shortfall.planned_by == rounds.planned_by and shortfall.rounds == len(rounds.rounds)
    )


def quota_rows(
    tasks: pd.DataFrame,
    sampling: AttributeSamplingParameters,
    seed: int,
    rounds: Rounds,
    furthest: int = FURTHEST,
) -> PlanTable:
    """The plan of a quota, columns as without one: round by round; in the first, all blocks fill at the same rate.

    Args:
        tasks: The table `tasks`.
        sampling: Its `per` names the columns of a cell.
        seed: The project's.
        rounds: The rows of each round: those of the first slots of a block, or of a combination of values.
        furthest: Rows of one task among which those of its slots must be.

    Raises:
        ParameterError: If a combination of values is so rare that its rows are not found.
    """
    slots = QuotaSlots(tasks, sampling, seed)
    wanted, number = _combinations(slots, sampling, rounds)
    counts = np.bincount(number, minlength=len(wanted))
    turn = np.empty(len(number), np.int64)
    turn[np.argsort(number, kind="stable")] = ranges(counts)
    parts, part_of, places = _find(by_id(tasks), wanted, counts, sampling, seed, furthest)
    row = (np.cumsum(counts) - counts)[number] + turn
    return PlanTable(parts, places[row], part_of[row])


def _combinations(
    slots: QuotaSlots, sampling: AttributeSamplingParameters, rounds: Rounds
) -> tuple[pd.DataFrame, Ints]:
    """The combinations of values in the columns of a slot, and the number of each planned row's one."""
    is_block = [bool(cells) and len(cells[0].cell) == len(sampling.block_columns) for cells in rounds.rounds]
    rounds_of = list(zip(rounds.rounds, is_block, strict=True))
    sizes = [each.rows for cells, of_blocks in rounds_of if of_blocks for each in cells]
    target = max(sizes, default=0) if rounds.target is None else rounds.target
    others = [unnamed(each.cell) for cells, of_blocks in rounds_of if not of_blocks for each in cells]
    entries = _entries(slots, target, others)  # the slots, then the combinations of later rounds
    ends = np.cumsum([0, *slots.sizes(target)]).tolist()
    starts, next_other = dict(zip(slots.blocks, ends[:-1], strict=True)), ends[-1]
    planned = [np.empty(0, np.int64)]
    for cells, of_blocks in rounds_of:
        rows = np.array([each.rows for each in cells], np.int64)
        if of_blocks:
            slot = np.array([starts[unnamed(each.cell)] for each in cells], np.int64).repeat(rows) + ranges(rows)
            planned.append(slot[np.lexsort((slot, (ranges(rows) + 0.5) / rows.repeat(rows)))])
        else:
            planned.append(np.arange(next_other, next_other + len(cells)).repeat(rows))
            next_other += len(cells)
    entry = np.concatenate(planned)
    columns = [codes for codes, _ in entries.values()]
    _, first, number = np.unique(
        combinations_of(columns, len(columns[0]))[entry], return_index=True, return_inverse=True
    )
    values = {name: names.take(codes[entry[first]]) for name, (codes, names) in entries.items()}
    return pd.DataFrame(values, dtype=object), number


def _entries(slots: QuotaSlots, target: int, others: Sequence[Cell]) -> dict[str, tuple[Ints, pd.Index]]:
    """For each column of a slot the codes of the slots' values and of other combinations, and the values by code."""
    of_others = zip(*others, strict=True) if others else ([] for _ in slots.columns)
    found = {}
    for (name, values), own in zip(slots.values(target), of_others, strict=True):
        codes, names = pd.factorize(np.concatenate([values, np.array([*own], object)]), use_na_sentinel=False)
        found[name] = codes.astype(np.int32), pd.Index(names)
    return found


def _find(
    tasks: pd.DataFrame,
    wanted: pd.DataFrame,
    counts: Ints,
    sampling: AttributeSamplingParameters,
    seed: int,
    furthest: int,
) -> tuple[list[TaskRows], Ints, Ints]:
    """The first rows of each combination of values, combination by combination: parts, and each row's part and place.

    Args:
        tasks: In the order of the plan.
        wanted: The combinations.
        counts: Rows of each.
        sampling: The parameters.
        seed: The project's.
        furthest: As in `quota_rows`.
    """
    own, identity = own_attributes(tasks, sampling), "task" if "task" in wanted else "task_id"
    task_of = pd.Index(tasks[identity]).get_indexer(wanted[identity])
    needed = np.bincount(task_of, counts, len(tasks)).astype(np.int64)
    open_ = [(task, min(2 * int(needed[task]) + 64, furthest)) for task in np.flatnonzero(needed).tolist()]
    parts: list[TaskRows] = []
    owners: list[Ints] = []
    while open_:
        batch = [open_.pop()]
        while open_ and sum(length for _, length in batch) + open_[-1][1] <= furthest:
            batch.append(open_.pop())
        members, lengths = np.array(batch).T
        rows = TaskRows(tasks.take(members), lengths, sampling, own, seed)
        own_wanted = np.flatnonzero(np.isin(task_of, members))
        place, owner = _first_rows(rows, wanted.iloc[own_wanted], counts[own_wanted])
        lacking = counts[own_wanted] - np.bincount(owner, minlength=len(own_wanted))
        is_short = np.isin(task_of[own_wanted], again := np.unique(task_of[own_wanted[lacking > 0]]))
        for task, length in batch:
            if task in again and length >= furthest:
                worst = np.flatnonzero((task_of[own_wanted] == task) & (lacking > 0))[0]
                _refuse_rare(
                    wanted.iloc[own_wanted[worst]],
                    tasks["task_id"][task],
                    length,
                    counts[own_wanted[worst]] - lacking[worst],
                )
            if task in again:
                of_task = task_of[own_wanted] == task
                further = _further(length, int(counts[own_wanted[of_task]].sum()), int(lacking[of_task].sum()))
                open_.append((task, min(further, furthest)))
        done = ~is_short[owner]
        parts.append(rows.only(place[done]))
        owners.append(own_wanted[owner[done]])
    sizes = np.array([len(own) for own in owners])
    order = np.argsort(np.concatenate(owners), kind="stable")
    return parts, np.arange(len(parts), dtype=np.int32).repeat(sizes)[order], ranges(sizes)[order]


def _further(length: int, wanted: int, lacking: int) -> int:
    """Rows of a task among which all wanted ones are likely, if so many are lacking in its first ones.

    As if each were found at the same rate: a search of the right length is drawn once, while each of a series of longer
    ones is drawn from the start.
    """
    rate = -log((lacking + 0.5) / (wanted + 1)) / length
    return min(max(4 * length, ceil((log(wanted + 1) + 2) / rate)), 32 * length)


def _first_rows(rows: TaskRows, wanted: pd.DataFrame, counts: Ints) -> tuple[Ints, Ints]:
    """Places of the first rows of each combination, and the number of each one's combination, in the order of rows."""
    columns = []
    for name in wanted:
        codes, vocabulary = pd.factorize(wanted[name], use_na_sentinel=False)
        known = [None if pd.isna(value) else value for value in vocabulary]
        columns.append(np.concatenate([codes, rows.codes(str(name), known)]))
    numbers = combinations_of(columns, len(columns[0]))
    order = np.argsort(numbers[: len(wanted)])
    sought, drawn = numbers[: len(wanted)][order], numbers[len(wanted) :]
    place = np.minimum(np.searchsorted(sought, drawn), len(sought) - 1)
    hits = np.flatnonzero(sought[place] == drawn)
    owner = order[place[hits]]
    turn = np.empty(len(hits), np.int64)
    turn[np.argsort(owner, kind="stable")] = ranges(np.bincount(owner, minlength=len(wanted)))
    taken = turn < counts[owner]
    return hits[taken], owner[taken]


def _refuse_rare(combination: "pd.Series[str]", task_id: str, length: int, rows: int) -> None:
    values = {str(name): None if pd.isna(value) else value for name, value in combination.items()}
    raise ParameterError(
        f"Parameter attribute_sampling.per: the combination {shown(values)} is too rare: the first {length:,} rows of "
        f"task {task_id} have only {rows} of it. Next: give its values more weight, or name fewer columns"
    )
