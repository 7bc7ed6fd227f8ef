"""The hint for a name that is not allowed."""

from synthetic_textcat.errors import nearest


def test_the_nearest_names_are_named_in_the_case_in_which_they_are_allowed() -> None:
    assert nearest("PHD", ["PhD", "college"]) == "did you mean PhD?"
    assert (
        nearest("e\u0301tat", ["\u00e9tat", "stat"])
        == "did you mean \u00e9tat? Copy it from there: its Unicode form differs"
    )
    assert nearest("temprature", ["model", "temperature"]) == "did you mean temperature?"


def test_a_short_list_is_shown_whole_where_nothing_is_near() -> None:
    assert nearest("kindergarten", ["PhD", "college"]) == "allowed: PhD, college"


def test_a_long_list_is_not_shown() -> None:
    assert nearest("klingon", [f"value {number}" for number in range(21)]) == "none is near it"
