"""How far a quota is: cells, surplus, and when it ends."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.journal.paid_calls import read_paid_calls
from synthetic_textcat.pipelines.quality_report.nodes import measure_quota
from synthetic_textcat.pipelines.quality_report.quota_standing import beyond_target_mask
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import CellRows, Rounds, Shortfall
from synthetic_textcat.schemas.rows import CALLS, EXAMPLES, REQUESTS, to_frame
from synthetic_textcat.schemas.stops import PausedTask, Stops
from synthetic_textcat.tables import RowTable, as_table
from tests.llm.builders import completion, fingerprint, paid_calls, write_journal
from tests.pipelines.quality_report.builders import ROW
from tests.support.task_tables import task_table

_SAMPLING = AttributeSamplingParameters(target_accepted=2, per=("language",), max_rounds=4)


_LOST = {"label_leaked": "rejected", "refused": "failed", "timeout": "failed"}


def _requests(languages: list[str]) -> pd.DataFrame:
    rows = ({**ROW, "request_id": f"r{n}", "language": language} for n, language in enumerate(languages))
    plan = {"replicate": 0, "seed": 0}
    return to_frame(({name: {**row, **plan}.get(name) for name in REQUESTS} for row in rows), REQUESTS)


def _slots(languages: list[str], target: int) -> pd.DataFrame:
    return pd.DataFrame({"language": pd.array([name for name in languages for _ in range(target)], dtype="str")})


def _outcomes(ends: Iterable[str]) -> RowTable:
    """Columns of the table `outcomes` for rows with these ends."""
    rows = [(_LOST[end], end) if end in _LOST else (end.replace(" ", "_"), None) for end in ends]
    return as_table(pd.DataFrame(rows, columns=["outcome", "reason"], dtype="str"))


def _state(
    tmp_path: Any,
    rounds: list[dict[str, list[str]]],
    sampling: AttributeSamplingParameters = _SAMPLING,
    previous: dict[str, Any] | None = None,
    stops: dict[str, Any] | None = None,
) -> tuple[Shortfall, dict[str, Any]]:
    """The state of a quota by language: for each round and language the ends of its rows."""
    ends = [(language, end) for own in rounds for language, of_rows in own.items() for end in of_rows]
    requests = _requests([language for language, _ in ends])
    by_end = dict(zip(requests["request_id"], (end for _, end in ends), strict=True))

    planned = Rounds(
        recipe="r",
        rounds=tuple(
            tuple(CellRows(cell={"language": language}, rows=len(of_rows)) for language, of_rows in own.items())
            for own in rounds
        ),
    )
    lines = [completion(f"reply to {row}", request_id=row) for row in by_end]
    journal = Journal(write_journal(tmp_path / "journal.jsonl", lines))
    calls = to_frame(((row, fingerprint(row)) for row in by_end), CALLS)
    state = measure_quota(
        as_table(requests),
        _outcomes(by_end.values()),
        as_table(calls),
        read_paid_calls(journal),
        journal,
        planned.model_dump(mode="json"),
        _slots(list(dict.fromkeys(requests["language"])), sampling.target_accepted or 0),
        task_table([]),
        previous,
        sampling,
        stops or {},
    )
    found = Shortfall.read(state.shortfall)
    assert found is not None
    return found, state.quota


def test_short_cells_are_named_with_what_they_lost_their_rows_to(tmp_path: Any) -> None:
    found, quota = _state(
        tmp_path, [{"German": ["accepted", "label_leaked"], "English": ["accepted", "accepted"], "Hindi": ["refused"]}]
    )
    assert (found.asked, found.done, found.missing, found.next) == (3, 1, 3, "round")
    german = next(cell for cell in found.cells if cell.cell == {"language": "German"})
    assert (german.accepted, german.missing, german.planned, german.causes) == (1, 1, 2, {"label_leaked": 1})
    assert {each.cell["language"]: each.rows for each in found.ask} == {"German": 1, "Hindi": 3}
    assert quota["metrics"]["quota/cells_done"] == 1
    assert [line["cell"] for line in quota["tables"]["quota"]] == ["Hindi", "German", "English"]


def test_a_cell_is_given_up_when_rounds_without_a_row_are_no_bad_luck_with_three_replies(tmp_path: Any) -> None:
    fruitless = [
        {"Hindi": ["label_leaked"] * 9, "German": ["accepted"], "English": ["accepted"] * 2},
        {"Hindi": ["refused"] * 40, "German": ["refused"]},
    ]
    found, quota = _state(tmp_path, fruitless)
    hindi, german = found.cells
    assert (hindi.infeasible, german.infeasible) == (True, False)
    assert hindi.causes == {"refused": 40, "label_leaked": 9}
    [given_up] = found.given_up
    assert (given_up.values, given_up.accepted, given_up.wanted, given_up.rounds) == ({"language": "Hindi"}, 0, 2, 2)
    assert given_up.replies == ("reply to r49", "reply to r50", "reply to r51")
    assert found.next == "round"  # for the other one
    assert [each.cell for each in found.ask] == [{"language": "German"}]
    assert {line["cell"]: line["state"] for line in quota["tables"]["quota"]} == {
        "Hindi": "given up",
        "German": "short",
        "English": "done",
    }
    assert [line["values"] for line in quota["tables"]["quota_given_up"]] == ["Hindi"]
    once, _ = _state(tmp_path, fruitless[:1])
    assert not once.given_up  # one round may be bad luck


def test_rows_that_were_not_asked_for_are_asked_before_more_is_planned_however_often_it_is_looked(
    tmp_path: Any,
) -> None:
    rounds = [{"German": ["accepted", "not run"], "English": ["refused", "refused"]}]
    once, _ = _state(tmp_path, rounds)
    twice, _ = _state(tmp_path, rounds, previous=once.model_dump(mode="json"))
    assert (once.next, twice.next) == ("replies", "replies")


def test_a_row_without_a_reply_is_hoped_for_until_others_had_one_and_it_had_none_again(tmp_path: Any) -> None:
    first = [{"German": ["accepted", "timeout"], "English": ["accepted", "refused"]}]
    once, _ = _state(tmp_path, first)
    assert [(cell.missing, cell.pending) for cell in once.cells] == [(1, 1), (1, 0)]
    assert (once.waiting, once.next) == (("r1",), "round")  # for the English one
    second = [*first, {"English": ["accepted"]}]
    twice, _ = _state(tmp_path, second, previous=once.model_dump(mode="json"))
    assert (twice.cells[0].pending, twice.next) == (0, "round")


def test_while_no_server_answers_nothing_is_planned_in_place_of_what_may_come(tmp_path: Any) -> None:
    down = [{"German": ["timeout"] * 3, "English": ["timeout"] * 3}]
    sampling = _SAMPLING.model_copy(update={"target_accepted": 3})
    once, _ = _state(tmp_path, down, sampling)
    twice, _ = _state(tmp_path, down, sampling, previous=once.model_dump(mode="json"))
    for found in (once, twice):
        assert found.next == "replies"
        assert [cell.pending for cell in found.cells] == [3] * 2


def test_a_few_rows_without_a_reply_do_not_keep_a_hopeless_cell_alive(tmp_path: Any) -> None:
    fruitless = [{"Hindi": [*["label_leaked"] * 20, "timeout"]}, {"Hindi": [*["refused"] * 20, "timeout"]}]
    found, _ = _state(tmp_path, fruitless)
    assert found.cells[0].infeasible
    assert found.next is None


def test_it_ends_with_the_last_round_or_when_every_cell_is_full(tmp_path: Any) -> None:
    full, _ = _state(tmp_path, [{"German": ["accepted", "accepted", "surplus"]}])
    assert (full.next, full.cells, full.surplus) == (None, (), 1)
    last = [{"German": ["accepted"]}, {"German": ["refused"]}]
    assert _state(tmp_path, last)[0].next == "round"
    assert _state(tmp_path, last, _SAMPLING.model_copy(update={"max_rounds": 2}))[0].next is None


def test_rounds_of_another_plan_are_reported_with_the_next_step(tmp_path: Any) -> None:
    planned = Rounds(recipe="r", rounds=((CellRows(cell={"language": "German"}, rows=2),),)).model_dump(mode="json")
    calls, journal = as_table(to_frame([], CALLS)), Journal(tmp_path / "absent")
    of_one = (as_table(_requests(["German"])), _outcomes(["not run"]), calls, as_table(paid_calls([])), journal)
    slots = _slots(["German"], 2)
    with pytest.raises(StaleTableError, match="Next: run `kedro run --pipelines generate`"):
        measure_quota(*of_one, planned, slots, task_table([]), None, _SAMPLING, {})
    other = slots.rename(columns={"language": "moood"})
    with pytest.raises(StaleTableError, match="'rounds' belongs to another plan"):
        measure_quota(*of_one, planned, other, task_table([]), None, _SAMPLING, {})


def test_without_a_quota_there_is_nothing_to_tell(tmp_path: Any) -> None:
    state = measure_quota(
        as_table(_requests(["German"])),
        _outcomes(["not run"]),
        as_table(to_frame([], CALLS)),
        as_table(paid_calls([])),
        Journal(tmp_path / "absent"),
        {},
        _slots([], 0),
        task_table([]),
        None,
        AttributeSamplingParameters(),
        {},
    )
    assert state.shortfall == {}
    assert state.quota["metrics"] == {}


def test_the_first_good_rows_of_a_cell_in_plan_order_are_kept_and_the_others_set_aside() -> None:
    requests = _requests(["German", "English", "German", "German", "German", "English"])
    candidates = to_frame([{**ROW, "request_id": row} for row in requests["request_id"]], EXAMPLES)
    stands = np.array([True, True, False, True, True, True])
    sampling = AttributeSamplingParameters(target_accepted=2, per=("language",))
    aside = beyond_target_mask(stands, requests, candidates, _slots(["German", "English"], 2), sampling)
    assert list(candidates["request_id"][aside]) == ["r4"]
    assert not beyond_target_mask(stands, requests, candidates, _slots([], 0), sampling).any()


def test_rows_of_a_paused_task_are_not_waited_for_and_their_cells_are_given_up(tmp_path: Any) -> None:
    paused = PausedTask(task_id=ROW["task_id"], task="t", reason="refused", replies=20)
    stops = Stops(paused=(paused,)).model_dump(mode="json")
    of_round = {"German": ["refused", "not_run", "not_run"]}
    assert _state(tmp_path, [of_round])[0].next == "replies"
    found, _ = _state(tmp_path, [of_round], stops=stops)
    assert found.next == "round"
    assert found.cells[0].causes == {"paused": 2, "refused": 1}
    found, _ = _state(tmp_path, [of_round, of_round], stops=stops)
    assert found.next is None
    assert found.infeasible
