"""Whose parameters count in a rebuilt run."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.hooks.rebuild import changes_of_plan, over, rebuilt_parameters

_PROJECT: dict[str, Any] = {
    "seed": 1,
    "from_run": "x",
    "attribute_sampling": {"num_examples": 5, "language": {"Zulu": 1}},
    "new": {"a": 1},
}
_KEPT: dict[str, Any] = {
    "seed": 7,
    "from_run": None,
    "attribute_sampling": {"num_examples": 30, "language": {"English": 3.0}},
}
_TREES = st.recursive(st.integers(0, 3), lambda inner: st.dictionaries(st.sampled_from("abc"), inner), max_leaves=8)
_BLOCKS = st.dictionaries(st.sampled_from("abc"), _TREES)


def test_the_runs_blocks_replace_the_projects_whole_and_what_was_unknown_then_is_the_projects() -> None:
    assert rebuilt_parameters(_PROJECT, _KEPT, {}) == {
        "seed": 7,
        "from_run": "x",
        "attribute_sampling": {"num_examples": 30, "language": {"English": 3.0}},
        "new": {"a": 1},
    }


def test_what_is_asked_for_wins_and_is_told_where_it_moves_the_plan() -> None:
    asked = {"from_run": "x", "seed": 1, "attribute_sampling": {"num_examples": 30, "language": "German"}, "new": {}}

    now = rebuilt_parameters({**_PROJECT, **asked}, _KEPT, asked)

    assert now["attribute_sampling"] == {"num_examples": 30, "language": "German"}
    assert changes_of_plan(_KEPT, now) == ["seed=1", "attribute_sampling.language=German"]


def test_nothing_is_told_where_the_plan_is_not_moved() -> None:
    assert changes_of_plan(_KEPT, rebuilt_parameters(_PROJECT, _KEPT, {"generation": {"max_attempts": 1}})) == []


@given(_BLOCKS, _BLOCKS)
def test_laid_over_means_that_each_leaf_on_top_shows_and_nothing_is_lost_below(
    top: dict[str, Any], below: dict[str, Any]
) -> None:
    before = repr((top, below))
    merged = over(top, below)

    assert repr((top, below)) == before
    assert over(top, merged) == merged
    assert over({}, below) == below
    assert merged.keys() == top.keys() | below.keys()
    for name, value in merged.items():
        if not (isinstance(value, dict) and isinstance(top.get(name), dict) and isinstance(below.get(name), dict)):
            assert value == top.get(name, below.get(name))
