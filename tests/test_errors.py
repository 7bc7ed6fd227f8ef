"""The hint of an error, and the keys that no text may show."""

import pytest

from synthetic_textcat.errors import nearest
from synthetic_textcat.redaction import redact


def test_the_nearest_names_are_named_in_the_case_in_which_they_are_allowed() -> None:
    assert nearest("PHD", ["PhD", "college"]) == "did you mean PhD?"
    assert nearest("temprature", ["model", "temperature"]) == "did you mean temperature?"


def test_a_short_list_is_shown_whole_where_nothing_is_near() -> None:
    assert nearest("kindergarten", ["PhD", "college"]) == "allowed: PhD, college"


def test_a_long_list_is_not_shown() -> None:
    assert nearest("klingon", [f"value {number}" for number in range(21)]) == "none is near it"


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "ANOTHER_API_KEY", "HF_TOKEN"])
def test_no_key_of_the_environment_is_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "sk-abc123")
    assert redact("Incorrect API key: sk-abc123, (sk-abc123)") == "Incorrect API key: ***, (***)"


def test_a_text_without_a_key_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("SOME_PATH", "plain")
    assert redact("a plain text") == "a plain text"
