"""What no header takes is told before the first call, by its place."""

from typing import Any

import pytest

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.header_values import check_all_headers, check_header_value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("sk-word\n", "ends in a line break"),
        ("sk-word\r\n", "ends in a line break"),
        ("sk-\nword", "has a line break in it"),
        (" sk-word", "begins or ends with a blank"),
        ("sk-word\t", "begins or ends with a blank"),
        ("sk-wörd", "beyond ASCII"),
        ("sk-word\u200b", "beyond ASCII"),
        ("sk-\x00word", "a control character"),
        ("sk-\x7fword", "a control character"),
    ],
)
def test_a_value_that_can_not_be_sent(value: str, says: str) -> None:
    with pytest.raises(ModelSetupError, match=rf"^OPENAI_API_KEY .*{says}") as it:
        check_header_value(value, "OPENAI_API_KEY", kept="the key alone")
    assert str(it.value).endswith("Next: set it to the key alone")
    assert "word" not in str(it.value)
    assert "\n" not in str(it.value)


@pytest.mark.parametrize("value", ["sk-word", "Bearer sk word", "a\tb", "", "~!@#$%^&*()"])
def test_a_value_that_can_be_sent(value: str) -> None:
    check_header_value(value, "OPENAI_API_KEY")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"default_headers": {"X-Team": "a\nb"}}, "The header X-Team"),
        ({"client_kwargs": {"headers": {"X-Team": "a\nb"}}}, "The header X-Team"),
        ({"clients": [{"extra_headers": {"X-Team": "a\nb"}}]}, "The header X-Team"),
        ({"default_headers": {"X Team": "a"}}, "'X Team' is no name of a header"),
        ({"default_headers": {"X-Team:": "a"}}, "'X-Team:' is no name of a header"),
    ],
)
def test_headers_are_checked_wherever_they_stand(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelSetupError, match=f"^{says}"):
        check_all_headers(arguments, "catalog entry llm")
