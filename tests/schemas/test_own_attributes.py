"""Own attributes: names in any script, and choices that depend on another attribute's value."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.pipelines.attribute_sampling.plan import own_attributes
from synthetic_textcat.schemas.own_attributes import (
    branches_of,
    check_dependent,
    drawing_order,
    marginal_weights,
    names_in_order,
    parent_of,
)
from synthetic_textcat.schemas.parameter_validation import validate_parameters
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.tasks import Task
from tests.support.each_case import each_of
from tests.support.task_tables import task_table

_PARAMETERS = Path(__file__).parents[2] / "conf" / "base" / "parameters.yml"
_BASE: dict[str, Any] = yaml.safe_load(_PARAMETERS.read_text(encoding="utf-8"))
_TONE: Any = {"given": "channel", "e-mail": ["formal", "polite"], "chat": {"casual": 3, "rude": 1}}
_CHANNEL: Any = {"e-mail": 3, "chat": 1}
_METHOD: dict[str, Any] = {"language": ["en", "de"], "difficulty": None, "clarity": "clear", "num_words": None}


def _complaint(extra: Any) -> str:
    """The one line about these own attributes in the parameters."""
    sampling = _BASE["attribute_sampling"] | {"extra": extra}
    with pytest.raises(ParameterError) as caught:
        validate_parameters(_BASE | {"attribute_sampling": sampling})
    return str(caught.value)


def test_a_dependent_choice_is_read_and_kept_as_written() -> None:
    own = AttributeSamplingParameters.model_validate({"extra": {"tone": _TONE, "channel": _CHANNEL}}).extra
    assert own["tone"] == _TONE
    assert parent_of(own["tone"]) == "channel"
    assert parent_of(own["channel"]) is parent_of(None) is None
    assert branches_of(own["tone"]) == {"e-mail": ["formal", "polite"], "chat": {"casual": 3.0, "rude": 1.0}}


def test_parents_are_drawn_first_and_shares_are_exact_over_them() -> None:
    choices = _METHOD | {"end": {"given": "tone", "formal": "Yours", "polite": "Best", "casual": "x", "rude": "-"}}
    choices |= {"tone": _TONE, "channel": _CHANNEL}
    assert drawing_order(choices) == [*_METHOD, "channel", "tone", "end"]
    shares = {"formal": Fraction(3, 8), "polite": Fraction(3, 8), "casual": Fraction(3, 16), "rude": Fraction(1, 16)}
    assert marginal_weights("tone", choices) == shares
    assert marginal_weights("end", choices)["-"] == Fraction(1, 16)
    check_dependent(choices)


def test_values_of_the_methods_attributes_count_by_their_names_in_the_tables() -> None:
    register: Any = {"given": "language", "de": ["Sie", "du"], "English": "you"}
    assert branches_of(register) == {"German": ["Sie", "du"], "English": "you"}
    check_dependent(_METHOD | {"register": register})


def test_a_weight_named_given_is_a_weight() -> None:
    own = AttributeSamplingParameters.model_validate({"extra": {"kind": {"given": 2, "new": 1}}}).extra
    assert parent_of(own["kind"]) is None
    assert own["kind"] == {"given": 2.0, "new": 1.0}


@each_of(
    ("extra", "line"),
    [
        (
            {"a": {"given": "b", "x": "y"}, "b": {"given": "a", "y": "x"}},
            "depend on one another in a circle: a is given",
        ),
        ({"a": {"given": "a", "x": "y"}}, "'a' is given itself; name another attribute"),
        ({"a": {"given": "label", "x": "y"}}, "is given 'label'; give labels an `extra` of their own"),
        ({"a": {"given": ["b"], "x": "y"}}, r"'a': is given \['b'\]; write the name of one attribute"),
        ({"a": {"given": "b"}, "b": "x"}, "'a': is given 'b', and has no choice for any value of it"),
        ({"a": {"given": "b", "x": None}, "b": "x"}, "'a': has no choice for 'x'; write values"),
        ({"a": {"given": "b", "x": 3}, "b": "x"}, "'a': gives 'x' the weight 3; write its values"),
        ({"a": {"given": "b", "x": {"y": -1}}, "b": "x"}, "'a': 'x': gives 'y' the weight -1; a weight is"),
        ({"a": {"given": "b", "x": []}, "b": "x"}, "'a' for 'x': names no value"),
        ({"a": {"given": "b", "x": {"given": "c", "z": "1"}}, "b": "x"}, "an attribute has one parent"),
        ({"a": {"given": "b", "emial": "y"}, "b": ["e-mail", "chat"]}, "unknown b 'emial'; did you mean e-mail"),
        ({"a": {"given": "language", "de": "y", "German": "z"}}, "'a' has two choices for the language 'German'; keep"),
        (
            {"a": {"given": "b", "e\u0301": "y"}, "b": ["\u00e9"]},
            "Copy it from there: its Unicode form differs",
        ),
        (
            {"a": {"given": "language", "Germann": "y"}},
            "'a' for 'Germann': unknown language 'Germann'; did you mean Ge",
        ),
        ({"a": {"given": "num_words", "9 to 5": "y"}}, "'a' for '9 to 5': has the range '9 to 5', which is turned ro"),
    ],
)
def test_a_faulty_dependent_attribute_gets_one_line(extra: Any, line: str) -> None:
    complaint = _complaint(extra)
    assert "\n" not in complaint
    with pytest.raises(AssertionError, match=line):  # shows the whole line where it is another
        raise AssertionError(complaint)


@each_of(
    ("task", "extra", "line"),
    [
        ({}, {"tone": _TONE}, "'tone' is given the unknown attribute 'channel'; allowed: clarity"),
        ({}, {"tone": _TONE, "chanel": "chat"}, "unknown attribute 'channel'; did you mean chanel"),
        ({"extra": {"channel": ["chat", "letter"]}}, {"tone": _TONE}, "'tone' has no choice for the channel 'letter'"),
        ({"language": ["en", "fr", "it"]}, {"tone": {"given": "language", "en": "x"}}, "'French' and 1 more; add it"),
        (
            {"labels": ["a", {"name": "b", "extra": {"channel": "fax"}}]},
            {"tone": _TONE, "channel": _CHANNEL},
            "label 'b': 'tone' has no choice for the channel 'fax'",
        ),
    ],
)
def test_what_a_task_makes_undrawable_gets_one_line(task: Any, extra: Any, line: str) -> None:
    tasks = task_table([Task.model_validate({"task": "Sort mail.", **task})])
    sampling = AttributeSamplingParameters.model_validate({"extra": extra})
    with pytest.raises(ParameterError, match=line) as caught:
        own_attributes(tasks, sampling)
    assert "\n" not in str(caught.value)
    assert "Sort mail." in str(caught.value)


@each_of("name", ["Zielgruppe", "тон", "语气", "トーン", "النبرة", "स्वर", "น้ำเสียง", "می\u200cشود", "กลุ่ม_2"])
def test_a_name_may_be_in_any_script(name: str) -> None:
    assert list(AttributeSamplingParameters.model_validate({"extra": {name: "x"}}).extra) == [name]


@each_of("name", ["a b", "1st", "_x", "", "a.b", "a-b", "\u0301a", "👍"])
def test_a_name_that_is_none_gets_one_line(name: str) -> None:
    assert "is not an identifier; use letters of any script" in _complaint({name: "x"})


@each_of("name", ["label", "Seed", "ｌａｂｅｌ", "own_attributes", "ﬂags", "Largest"])  # noqa: RUF001
def test_a_name_that_reads_like_a_column_or_placeholder_is_refused(name: str) -> None:
    assert "is already the name of a" in _complaint({name: "x"})


@pytest.mark.parametrize(("one", "other", "by"), [("Ton", "ton", "case"), ("Café", "Cafe\u0301", "Unicode form")])
def test_names_that_look_alike_are_refused(one: str, other: str, by: str) -> None:
    with pytest.raises(ParameterError, match=f"differ in {by} only"):
        names_in_order([one], [{other: "x"}])


@pytest.mark.parametrize(
    "choice", [["@tones.csv", "dry"], {"@tones.parquet": 1}, {"given": "language", "English": ["@Tones.CSV"]}, "@t.csv"]
)
def test_a_file_of_weights_that_was_not_read_is_no_value(choice: Any) -> None:
    with pytest.raises(ValidationError, match="which is no file here; a file of weights stands alone"):
        AttributeSamplingParameters(extra={"tone": choice})
    assert AttributeSamplingParameters(extra={"handle": ["@home", "@me.txt"]})
