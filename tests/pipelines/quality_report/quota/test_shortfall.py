"""How far a quota is: cells, surplus, and when it ends."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.pipelines.quality_report.quota.nodes import measure_quota
from synthetic_textcat.pipelines.quality_report.quota.surplus import beyond_target
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import CellRows, Rounds, Shortfall
from synthetic_textcat.schemas.rows import CALLS, EXAMPLES, FAILED, REJECTED, REQUESTS, to_frame
from tests.llm.builders import completion, fingerprint, write_journal
from tests.pipelines.quality_report.builders import ROW

_SAMPLING = AttributeSamplingParameters(target_accepted=2, per=("language",), max_rounds=4)


def _requests(languages: list[str]) -> pd.DataFrame:
    rows = ({**ROW, "request_id": f"r{n}", "language": language} for n, language in enumerate(languages))
    plan = {"replicate": 0, "seed": 0}
    return to_frame(({name: {**row, **plan}[name] for name in REQUESTS} for row in rows), REQUESTS)


def _state(
    tmp_path: Any,
    rounds: list[dict[str, list[str]]],
    sampling: AttributeSamplingParameters = _SAMPLING,
    previous: dict[str, Any] | None = None,
) -> tuple[Shortfall, dict[str, Any]]:
    """The state of a quota by language: for each round and language the ends of its rows."""
    ends = [(language, end) for own in rounds for language, of_rows in own.items() for end in of_rows]
    requests = _requests([language for language, _ in ends])
    by_end = dict(zip(requests["request_id"], (end for _, end in ends), strict=True))

    def ended(*which: str) -> list[str]:
        return [row for row, end in by_end.items() if end in which]

    examples = to_frame([{**ROW, "request_id": row} for row in ended("accepted")], EXAMPLES)
    surplus = to_frame([{**ROW, "request_id": row} for row in ended("surplus")], EXAMPLES)
    rejected = to_frame(
        [{**ROW, "request_id": row, "reject_reason": "label_leaked", "detail": ""} for row in ended("label_leaked")],
        REJECTED,
    )
    failed = to_frame(
        [
            {**ROW, "request_id": row, "failure_cause": by_end[row], "detail": "", "attempts": 1}
            for row in ended("refused", "timeout")
        ],
        FAILED,
    )
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
        requests,
        calls,
        journal,
        planned.model_dump(mode="json"),
        previous,
        sampling,
        examples,
        surplus,
        rejected,
        failed,
    )
    found = Shortfall.read(state.shortfall)
    assert found is not None
    return found, state.quota


def test_short_cells_are_named_with_what_they_lost_their_rows_to(tmp_path: Any) -> None:
    found, quota = _state(
        tmp_path, [{"German": ["accepted", "label_leaked"], "English": ["accepted", "accepted"], "Hindi": ["refused"]}]
    )
    assert (found.asked, found.done, found.missing, found.goes_on) == (3, 1, 3, True)
    german = next(cell for cell in found.cells if cell.cell == {"language": "German"})
    assert (german.accepted, german.missing, german.planned, german.causes) == (1, 1, 2, {"label_leaked": 1})
    assert not german.barren
    assert next(cell for cell in found.cells if cell.cell == {"language": "Hindi"}).barren
    assert quota["metrics"]["quota/cells_done"] == 1
    assert [line["cell"] for line in quota["tables"]["quota"]] == ["Hindi", "German", "English"]


def test_a_cell_is_given_up_after_two_rounds_without_a_row_with_three_replies(tmp_path: Any) -> None:
    fruitless = [
        {"Hindi": ["label_leaked"] * 2, "German": ["accepted"]},
        {"Hindi": ["refused"] * 4, "German": ["refused"]},
    ]
    found, quota = _state(tmp_path, fruitless)
    hindi, german = found.cells
    assert (hindi.infeasible, german.infeasible) == (True, False)
    assert hindi.replies == ("reply to r4", "reply to r5", "reply to r6")
    assert hindi.causes == {"refused": 4, "label_leaked": 2}
    assert german.replies == ()
    assert found.goes_on  # for the other one
    assert {line["cell"]: line["state"] for line in quota["tables"]["quota"]} == {
        "Hindi": "given up",
        "German": "short",
    }
    only_hindi, _ = _state(tmp_path, [{"Hindi": ["refused"]}, {"Hindi": ["refused"]}])
    assert not only_hindi.goes_on


@pytest.mark.parametrize("end", ["timeout", "not run"])
def test_rows_that_brought_no_reply_are_asked_again_before_more_is_planned(tmp_path: Any, end: str) -> None:
    rounds = [{"German": ["accepted", end]}]
    once, _ = _state(tmp_path, rounds)
    assert (once.unanswered, once.passes, once.is_settled, once.goes_on) == (1, 1, False, True)
    assert not once.cells[0].barren
    twice, _ = _state(tmp_path, rounds, previous=once.model_dump(mode="json"))
    assert (twice.passes, twice.is_settled, twice.goes_on) == (2, True, True)


def test_it_ends_with_the_last_round_or_when_every_cell_is_full(tmp_path: Any) -> None:
    full, _ = _state(tmp_path, [{"German": ["accepted", "accepted", "surplus"]}])
    assert (full.goes_on, full.cells, full.surplus) == (False, (), 1)
    last = [{"German": ["accepted"]}, {"German": ["refused"]}]
    assert _state(tmp_path, last)[0].goes_on
    assert not _state(tmp_path, last, _SAMPLING.model_copy(update={"max_rounds": 2}))[0].goes_on


def test_without_a_quota_there_is_nothing_to_tell(tmp_path: Any) -> None:
    nothing = to_frame([], EXAMPLES)
    state = measure_quota(
        _requests(["German"]),
        to_frame([], CALLS),
        Journal(tmp_path / "absent"),
        {},
        None,
        AttributeSamplingParameters(),
        nothing,
        nothing,
        to_frame([], REJECTED),
        to_frame([], FAILED),
    )
    assert state.shortfall == {}
    assert state.quota["metrics"] == {}


def test_the_first_good_rows_of_a_cell_in_plan_order_are_kept_and_the_others_set_aside() -> None:
    requests = _requests(["German", "English", "German", "German", "German", "English"])
    candidates = to_frame([{**ROW, "request_id": row} for row in requests["request_id"]], EXAMPLES)
    stands = np.array([True, True, False, True, True, True])
    aside = beyond_target(stands, requests, candidates, _SAMPLING)
    assert list(candidates["request_id"][aside]) == ["r4"]
    no_quota = AttributeSamplingParameters()
    assert not beyond_target(stands, requests, candidates, no_quota).any()
