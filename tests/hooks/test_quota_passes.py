"""When a command goes on with another pass."""

from typing import Any

import pytest
from kedro.pipeline import Pipeline, node

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.hooks import QuotaPasses, RunNotes
from synthetic_textcat.hooks.summary_lines import quota_lines
from synthetic_textcat.schemas.quota import CellRows, GivenUp, Rounds, ShortCell, Shortfall
from tests.llm.builders import completion, no_reply

_PASS = Pipeline(
    [node(lambda: 0, None, name, name=name) for name in ("rounds", "requests", "completions", "shortfall", "examples")]
)


def _shortfall(goes_on: bool = True, **changes: Any) -> Shortfall:
    usual: dict[str, Any] = {
        "recipe": "r",
        "rounds": 2,
        "target_accepted": 5,
        "wanted": 6_000,
        "asked": 1_200,
        "accepted": 0,
        "surplus": 0,
        "answered": 5,
        "next": "round" if goes_on else None,
    }
    return Shortfall(**{**usual, **changes})


class _Command:
    """A command as `cli.py` is one: it counts its passes."""

    def __init__(self, rebuilt_from: str | None = None) -> None:
        self.notes = RunNotes(rebuilt_from=rebuilt_from)
        self._hook = QuotaPasses(self.notes)

    def goes_on_after(
        self,
        replies: int = 1,
        rounds: int = 1,
        stopped_by: str = "",
        pipeline: Pipeline = _PASS,
        *,
        goes_on: bool = True,
        words: str = "recipe",
        by_command: bool = True,
    ) -> bool:
        self.notes.passes.number += by_command
        hook, one = self._hook, (CellRows(cell={"task": "Sort mail."}, rows=1),)
        hook.before_pipeline_run(pipeline)
        assert not self.notes.passes.goes_on
        hook.before_dataset_saved("rounds", Rounds(recipe=words, rounds=(one,) * rounds).model_dump(mode="json"))
        hook.after_dataset_saved("completions", [no_reply(), *[completion()] * replies])
        hook.after_dataset_saved("shortfall", _shortfall(goes_on).model_dump(mode="json"))
        hook.after_dataset_saved("stopped_by", stopped_by)
        hook.after_pipeline_run()
        return self.notes.passes.goes_on


def test_a_command_goes_on_while_cells_are_short() -> None:
    command = _Command()
    assert command.goes_on_after(replies=7)
    assert not command.notes.passes.follows
    assert command.goes_on_after(replies=3, rounds=2)
    assert (command.notes.passes.follows, command.notes.passes.round) == (True, 2)
    assert not command.goes_on_after(goes_on=False)


def test_it_does_not_go_on_past_a_cap_with_a_given_plan_or_with_a_part_of_the_pipeline() -> None:
    assert not _Command().goes_on_after(stopped_by="generation.max_cost_usd")
    assert not _Command(rebuilt_from="an earlier run").goes_on_after()
    assert not _Command().goes_on_after(pipeline=_PASS.only_nodes("shortfall", "examples"))


def test_a_session_without_a_command_makes_one_pass() -> None:
    assert not _Command().goes_on_after(by_command=False)


def test_passes_without_a_reply_or_a_new_round_do_not_go_on_for_ever() -> None:
    command = _Command()
    assert command.goes_on_after(replies=0)
    assert not command.goes_on_after(replies=0)
    from_the_journal = _Command()
    assert all(from_the_journal.goes_on_after(replies=0, rounds=rounds) for rounds in range(1, 9))


def test_a_pass_with_replies_makes_up_for_an_idle_one() -> None:
    command = _Command()
    assert [command.goes_on_after(replies=replies) for replies in (0, 1, 0, 0)] == [True, True, True, False]


def test_what_is_changed_while_a_quota_is_filled_ends_it_before_it_is_planned_by() -> None:
    command = _Command()
    assert command.goes_on_after()
    with pytest.raises(StaleTableError, match="run the same command again"):
        command.goes_on_after(words="another recipe")


@pytest.mark.parametrize("given_up", [0, 1, 9])
def test_the_summary_fits_a_terminal_and_names_what_was_given_up(given_up: int) -> None:
    causes = {"wrong_language": 97, "refused": 2, "timeout": 1}
    value = GivenUp(values={"language": "German"}, wanted=77, accepted=0, rounds=3, causes=causes)
    short = ShortCell(cell={"task": "Sort mail.", "label": None}, target=5, accepted=0, planned=10, causes=causes)
    lines = list(quota_lines(_shortfall(cells=(short,), given_up=[value] * given_up)))
    assert all(len(line) <= 80 for line in lines)
    named = "given up  German: 0 of 77 wanted, given up after 3 rounds: wrong_language 97,"
    assert sum(line == named for line in lines) == min(5, given_up)
    assert lines[-1] == "short     5 rows in 1 cell"
