"""Quotas of tasks with several labels a text: a row counts in each of its labels."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from synthetic_textcat.pipelines.quality_report.quota_shortfall import quota_tables, shortfall_of
from synthetic_textcat.pipelines.quality_report.quota_standing import beyond_target_mask, standing_of
from synthetic_textcat.pipelines.quality_report.row_ends import read_ends
from synthetic_textcat.schemas.label_sets import NO_LABEL, label_set_code
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import CellRows, Rounds, Shortfall, all_cells_of
from synthetic_textcat.schemas.rows import REQUESTS, to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.pipelines.quality_report.builders import ROW

Labels = tuple[str, ...]
_SAMPLING = AttributeSamplingParameters(target_accepted=2, per=("label",), max_rounds=9)
_SLOTS: list[Labels] = [("A", "B"), ("A",), ("B", "C"), ("C",), (), ()]


class State(NamedTuple):
    """Shortfall of a quota and its tables."""

    shortfall: Shortfall
    cells: dict[str, tuple[int, int]]
    """Accepted and target of each cell."""


def _requests(sets: Sequence[Labels | str]) -> pd.DataFrame:
    """Planned rows by their label set; a text is the label of a task with one label."""
    rows = []
    for number, own in enumerate(sets):
        one = own if isinstance(own, str) else None
        labels = (own,) if isinstance(own, str) else own
        row = {**ROW, "request_id": f"r{number}", "label": one, "labels": labels, "replicate": number, "seed": 0}
        rows.append({name: row[name] for name in REQUESTS})
    return to_frame(rows, REQUESTS)


def _slots(sets: Sequence[Labels | str]) -> pd.DataFrame:
    labels = [own if isinstance(own, str) else None for own in sets]
    codes = [label_set_code([own] if isinstance(own, str) else own) for own in sets]
    return pd.DataFrame({"label": labels, "task": ROW["task"], "labels": codes}, dtype="str")


def _state(
    slots: Sequence[Labels | str],
    rounds: Sequence[Sequence[tuple[Labels | str, str]]],
    target: int = 2,
    tasks: Sequence[Task] = (),
) -> State:
    """The state of a quota after rounds of rows, each by its labels and its end."""
    rows = [row for own in rounds for row in own]
    reasons = [None if end == "accepted" else end for _, end in rows]
    outcomes = pd.DataFrame(
        {"outcome": ["rejected" if why else "accepted" for why in reasons], "reason": reasons}, dtype="str"
    )
    planned = Rounds(recipe="r", rounds=tuple((CellRows(cell={}, rows=len(own)),) for own in rounds))
    requests = as_table(_requests([labels for labels, _ in rows]))
    standing = standing_of(requests, _slots(slots), planned, read_ends(as_table(outcomes)))
    sampling = _SAMPLING.model_copy(update={"target_accepted": target})
    found, cells = shortfall_of(standing, planned, None, tasks, sampling, lambda wanted: [() for _ in wanted])
    lines = quota_tables(cells, found, ["label"])["quota"]
    return State(found, {line["cell"]: (line["accepted"], line["target"]) for line in lines})


def test_a_row_counts_in_each_of_its_labels_and_one_without_a_label_in_a_cell_of_its_own() -> None:
    found = _state(_SLOTS, [[(labels, "accepted") for labels in _SLOTS]])
    assert found.cells == dict.fromkeys(("A", "B", "C", NO_LABEL), (2, 2))
    assert (found.shortfall.wanted, found.shortfall.accepted, found.shortfall.missing) == (6, 6, 0)
    assert (found.shortfall.asked, found.shortfall.done, found.shortfall.next) == (4, 4, None)
    assert found.shortfall.is_even


def test_a_lost_row_leaves_each_of_its_cells_short_and_is_asked_for_once() -> None:
    ends = ["label_leaked", *["accepted"] * 5]
    found = _state(_SLOTS, [list(zip(_SLOTS, ends, strict=True))])
    assert found.cells == {"A": (1, 2), "B": (1, 2), "C": (2, 2), NO_LABEL: (2, 2)}
    assert (found.shortfall.missing, found.shortfall.next) == (1, "round")
    assert [each.cell["labels"] for each in found.shortfall.ask] == ['["A","B"]']
    assert {cell.cell["label"] for cell in found.shortfall.cells} == {"A", "B"}


def test_a_label_that_never_comes_is_given_up_by_its_name_in_all_its_sets() -> None:
    sets: list[Labels] = [("A",), ("A", "B"), ("B",), ("A", "C"), ("B", "C"), ("C",)]

    def ends(labels: Labels) -> str:
        return "labels_not_as_planned" if "C" in labels else "accepted"

    fruitless = [("A", "C"), ("B", "C"), ("C",)] * 6
    found = _state(sets * 4, [[(own, ends(own)) for own in sets * 4], [(own, ends(own)) for own in fruitless]], 12)
    assert [given_up.values for given_up in found.shortfall.given_up] == [{"label": "C"}]
    assert found.shortfall.given_up[0].wanted == 12
    assert found.cells["C"] == (0, 12)
    assert found.cells["A"] == (8, 12)
    assert found.shortfall.next == "round"
    assert {each.cell["labels"] for each in found.shortfall.ask} <= {'["A"]', '["A","B"]', '["B"]'}
    assert [cell.cell["label"] for cell in found.shortfall.infeasible] == ["C"]


def test_tasks_of_both_kinds_share_a_quota() -> None:
    slots: list[Labels | str] = ["A", "A", *_SLOTS]
    found = _state(slots, [[(labels, "accepted") for labels in slots]])
    assert found.cells["A"] == (4, 4)
    assert not found.shortfall.is_even


def _surplus(sets: Sequence[Labels | str], lost: Sequence[int] = (), per: Sequence[str] = ("label",)) -> list[int]:
    """The surplus rows of a plan of which all rows but the lost ones are good."""
    requests, sampling = _requests(sets), _SAMPLING.model_copy(update={"per": per})
    is_good = ~requests.index.isin(lost)
    return np.flatnonzero(
        beyond_target_mask(is_good, requests, requests[["request_id"]], _slots(_SLOTS), sampling)
    ).tolist()


def test_a_good_row_beyond_its_slots_counts_while_a_cell_of_its_labels_lacks_rows() -> None:
    assert _surplus([("A", "B"), ("A", "B"), ("A", "B"), (), ("C",), ("C",), ("C",)], [3]) == [2, 6]
    assert _surplus([(), (), (), ("C",), ("C",), ("B", "C"), ("C",)]) == [2, 6]


def test_a_good_row_beyond_its_slots_is_surplus_where_cells_are_not_labels() -> None:
    assert _surplus([("A", "B"), ("A", "B"), (), (), ()], per=["task"]) == [1, 4]


def test_a_slot_is_given_back_once_other_rows_have_filled_its_cells() -> None:
    first = [(labels, "label_leaked" if labels == ("A",) else "accepted") for labels in _SLOTS]
    found = _state(_SLOTS, [first, [(("A", "B"), "accepted")]])
    assert found.cells == {"A": (2, 2), "B": (3, 2), "C": (2, 2), NO_LABEL: (2, 2)}
    assert (found.shortfall.wanted, found.shortfall.accepted, found.shortfall.missing) == (6, 6, 0)
    assert (found.shortfall.done, found.shortfall.next, found.shortfall.ask) == (4, None, ())


def test_a_label_with_more_slots_than_the_target_is_full_with_the_target() -> None:
    slots: list[Labels] = [("A", "B"), ("A", "B"), ("A", "C"), ("A", "C")]
    ends = ["accepted", "accepted", "label_leaked", "accepted"]
    found = _state(slots, [list(zip(slots, ends, strict=True))])
    assert found.cells == {"A": (3, 2), "B": (2, 2), "C": (1, 2)}
    assert [cell.cell["label"] for cell in found.shortfall.cells] == ["C"]
    assert found.shortfall.is_even


def test_the_cells_of_rows_and_of_slots_are_the_same() -> None:
    sets: list[Labels | str] = [("A", "B"), (), "A"]
    wanted = [[("A",), ("B",)], [(NO_LABEL,)], [("A",)]]
    assert all_cells_of(_requests(sets), ["label"]) == wanted
    assert all_cells_of(_slots(sets), ["label"]) == wanted


def _with_a_set_that_never_comes(slots: Sequence[Labels], never: Labels, target: int, tasks: Sequence[Task]) -> State:
    """The state after two rounds in which one set was lost, in all its rows, and all others came."""
    lost = "labels_not_as_planned"
    first = [(own, lost if own == never else "accepted") for own in slots]
    second = [*[(never, lost)] * 20, *[(own, "accepted") for own in sorted({*slots} - {never})]]
    return _state(slots, [first, second], target, tasks)


def test_other_sets_of_the_slots_stand_in_for_one_that_is_given_up() -> None:
    slots: list[Labels] = [*[("A", "B")] * 8, *[("A", "C")] * 4, ("A",), *[("B", "C")] * 4, *[("C",)] * 5]
    found = _with_a_set_that_never_comes(slots, ("A", "B"), 12, ()).shortfall
    assert [given_up.values for given_up in found.given_up] == [{"labels": '["A","B"]'}]
    assert found.next == "round"
    asked = {each.cell["labels"]: each.rows for each in found.ask}
    assert asked.keys() == {'["A"]', '["A","C"]', '["B","C"]'}
    assert asked['["A"]'] < asked['["A","C"]']  # as their slots
    assert found.infeasible == []


_ONLY_PAIRS = {"task": ROW["task"], "labels": ["A", "B", "C", "D"], "labels_per_text": 2}


@pytest.mark.parametrize(
    ("entry", "stand_ins"),
    [
        ({"labels_per_text": [0, 2]}, {'["A"]', '["B"]'}),
        ({"together": [{"labels": ["A", "C"], "weight": 0}]}, {'["A","D"]', '["B","C"]'}),
        ({"together": [{"labels": ["A", name], "weight": 0} for name in "CD"]}, {'["B","C"]'}),
        ({"labels_per_text": {1: 0.1, 2: 0.9}}, {'["A","C"]', '["B","C"]'}),  # a text of one label is rarer
    ],
)
def test_where_the_slots_have_no_other_set_one_that_was_not_asked_for_stands_in(
    entry: dict[str, Any], stand_ins: set[str]
) -> None:
    slots: list[Labels] = [*[("A", "B")] * 8, *[("C", "D")] * 8]
    task = Task.model_validate({**_ONLY_PAIRS, **entry})
    found = _with_a_set_that_never_comes(slots, ("A", "B"), 8, [task]).shortfall
    assert {each.cell["labels"] for each in found.ask} == stand_ins
    assert {own.cell["label"] for own in found.infeasible} == {"A", "B"} - {*"".join(stand_ins)}


def test_a_label_is_given_up_when_a_second_set_of_it_brings_no_row() -> None:
    slots: list[Labels] = [*[("A", "B")] * 8, *[("C",)] * 8]
    lost = "labels_not_as_planned"
    first: list[tuple[Labels | str, str]] = [(own, "accepted" if own == ("C",) else lost) for own in slots]
    rounds: list[list[tuple[Labels | str, str]]] = [
        first,
        [(("A", "B"), lost)] * 20,
        [*[(("A",), lost)] * 20, *[(("B",), "accepted")] * 8],
    ]
    task = Task.model_validate({**_ONLY_PAIRS, "labels_per_text": [1, 2]})
    found = _state(slots, rounds, 8, [task]).shortfall
    assert [given_up.values for given_up in found.given_up] == [{"label": "A"}]
    assert ([cell.cell["label"] for cell in found.infeasible], found.next) == (["A"], None)
