"""When a command goes on with another pass."""

from typing import Any

import pytest
from kedro.pipeline import Pipeline, node

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.hooks.quota_passes import QuotaPasses
from synthetic_textcat.hooks.summary_lines import quota_lines
from synthetic_textcat.schemas.quota import CellRows, Rounds, ShortCell, Shortfall
from tests.llm.builders import completion, no_reply

_PASS = Pipeline(
    [node(lambda: 0, None, name, name=name) for name in ("rounds", "requests", "completions", "shortfall", "examples")]
)


def _shortfall(goes_on: bool = True, **changes: Any) -> Shortfall:
    usual: dict[str, Any] = {
        "recipe": "r",
        "rounds": 2,
        "target_accepted": 5,
        "asked": 1_200,
        "accepted": 0,
        "surplus": 0,
        "answered": 5,
        "next": "round" if goes_on else None,
    }
    return Shortfall(**{**usual, **changes})


def _pass(
    refill: QuotaPasses,
    replies: int = 1,
    rounds: int = 1,
    stopped_by: str = "",
    pipeline: Pipeline = _PASS,
    *,
    goes_on: bool = True,
    words: str = "recipe",
) -> bool:
    refill.before_pipeline_run({"run_id": f"id-{replies}"}, pipeline)
    one = (CellRows(cell={"task": "Sort mail."}, rows=1),)
    refill.before_dataset_saved("rounds", Rounds(recipe=words, rounds=(one,) * rounds).model_dump(mode="json"))
    refill.after_dataset_saved("completions", [no_reply(), *[completion()] * replies])
    refill.after_dataset_saved("shortfall", _shortfall(goes_on).model_dump(mode="json"))
    refill.after_dataset_saved("stopped_by", stopped_by)
    refill.after_pipeline_run()
    return refill.goes_on()


def _begun(**how: Any) -> QuotaPasses:
    refill = QuotaPasses(**how)
    refill.begin()
    return refill


def test_a_command_goes_on_while_cells_are_short_and_all_its_passes_bear_one_id() -> None:
    refill = _begun()
    assert _pass(refill, replies=7)
    assert (refill.follows, refill.run_id) == (False, "id-7")
    assert _pass(refill, replies=3)
    assert (refill.follows, refill.run_id) == (True, "id-7")
    assert not _pass(refill, goes_on=False)
    refill.begin()
    assert _pass(refill, replies=4)
    assert (refill.follows, refill.run_id) == (False, "id-4")


def test_it_does_not_go_on_past_a_cap_with_a_given_plan_or_with_a_part_of_the_pipeline() -> None:
    assert not _pass(_begun(), stopped_by="generation.max_cost_usd")
    assert not _pass(_begun(is_given=lambda: True))
    assert not _pass(_begun(), pipeline=_PASS.only_nodes("shortfall", "examples"))


def test_who_runs_a_session_of_their_own_runs_the_next_one_too() -> None:
    assert not _pass(QuotaPasses())


def test_passes_without_a_reply_or_a_new_round_do_not_go_on_for_ever() -> None:
    refill = _begun()
    assert _pass(refill, replies=0)
    assert not _pass(refill, replies=0)
    from_the_journal = _begun()
    assert all(_pass(from_the_journal, replies=0, rounds=rounds) for rounds in range(1, 9))


def test_what_is_changed_while_a_quota_is_filled_ends_it_before_it_is_planned_by() -> None:
    refill = _begun()
    assert _pass(refill)
    with pytest.raises(StaleTableError, match="run the same command again"):
        _pass(refill, words="another recipe")


@pytest.mark.parametrize("given_up", [0, 1, 9])
def test_the_summary_fits_a_terminal_and_names_what_was_given_up(given_up: int) -> None:
    cell = ShortCell(
        cell={"task": "Sort mail.", "label": None},
        accepted=0,
        missing=5,
        planned=10,
        causes={"label_not_as_planned": 8, "refused": 2, "timeout": 1},
        infeasible=True,
    )
    short = cell.model_copy(update={"infeasible": False})
    lines = list(quota_lines(_shortfall(cells=(*[cell] * given_up, short))))
    assert all(len(line) <= 80 for line in lines)
    assert sum("Sort mail., any: label_not_as_planned 8, refused 2" in line for line in lines) == min(3, given_up)
    assert lines[-1] == "short     5 rows in 1 cell"
