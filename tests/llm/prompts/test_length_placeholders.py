"""A requested length in a prompt: in right English, and by its bounds in templates of other languages."""

from functools import cache

import pandas as pd
import pytest

from synthetic_textcat.errors import PromptError
from synthetic_textcat.llm.prompts.messages import wire_form
from synthetic_textcat.llm.prompts.row_prompts import RowPrompts, RowTemplates
from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.lengths import read_length
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.generation.builders import OPEN, templates
from tests.support.task_tables import task_table

_TASK = Task(task="Name the mood.")
_ENGLISH = f"{OPEN} words, {{num_words}}  words, {{{{num_words}}}} words, wordsmith"
_GERMAN = """\
{task} in {language}, {difficulty}, {clarity}.
- mindestens {min_words} Wörter
- höchstens {max_words} Wörter
- mindestens {min_characters} Zeichen
- höchstens {max_characters} Zeichen
Ende. {{min_words}}"""


@cache
def _plan() -> pd.DataFrame:
    """A plan of one row."""
    sampling = AttributeSamplingParameters(num_examples=1, difficulty=["PhD"], clarity=["clear"])
    return plan_rows(task_table([_TASK]), sampling, 42).to_pandas()


def _said(template: str, num_words: str) -> str:
    """The prompt of a row with this length."""
    plan = _plan().assign(num_words=str(read_length(num_words)))
    rows = RowTemplates(*templates(template + "{labels}{label}{misleading_label}", template))
    [asked] = RowPrompts(plan, [_TASK], rows, 0).rendered(plan)
    return str(wire_form(asked.messages)[0]["content"])


@pytest.mark.parametrize(
    ("num_words", "said"),
    [
        ("exactly 1 word", "exactly 1 word, exactly 1  word, {num_words} words, wordsmith"),
        ("at most 1", "at most 1 word, at most 1  word, {num_words} words, wordsmith"),
        ("at least 1", "at least 1 word, at least 1  word, {num_words} words, wordsmith"),
        ("1 to 5", "1 to 5 words, 1 to 5  words, {num_words} words, wordsmith"),
        ("exactly 1 characters", "exactly 1 character, exactly 1 character, {num_words} words, wordsmith"),
        ("at most 280 characters", "at most 280 characters, at most 280 characters, {num_words} words, wordsmith"),
        *(
            (bucket, f"{bucket} words, {bucket}  words, {{num_words}} words, wordsmith")
            for bucket in VALUES["num_words"]
        ),
    ],
)
def test_a_length_is_said_in_right_english(num_words: str, said: str) -> None:
    assert _said(_ENGLISH, num_words).removeprefix("Name the mood.|English|PhD|clear|") == said


@pytest.mark.parametrize(
    ("num_words", "lines"),
    [
        ("20 to 40", ["mindestens 20 Wörter", "höchstens 40 Wörter"]),
        ("exactly 12", ["mindestens 12 Wörter", "höchstens 12 Wörter"]),
        ("less than 10", ["höchstens 9 Wörter"]),
        ("at least 1000", ["mindestens 1000 Wörter"]),
        ("at most 280 characters", ["höchstens 280 Zeichen"]),
        ("100 to 200 characters", ["mindestens 100 Zeichen", "höchstens 200 Zeichen"]),
    ],
)
def test_a_template_in_another_language_says_the_bounds_that_a_length_has(num_words: str, lines: list[str]) -> None:
    said = [f"- {line}" for line in lines]
    expected = ["Name the mood. in English, PhD, clear.", *said, "Ende. {min_words}"]
    assert _said(_GERMAN, num_words).splitlines() == expected


@pytest.mark.parametrize(
    ("template", "num_words", "line"),
    [
        (
            "{task} {language} {difficulty} {clarity}: {min_words} bis {max_words} Wörter",
            "at least 50",
            "open_labels has {task} in a line with a bound that 'at least 50 words' lacks, so that",
        ),
        (
            "{task} {language} {difficulty} {clarity}\n{min_words} bis {max_words} Wörter",
            "at most 50",
            "open_labels does not say 'at most 50 words': {max_words} is in no line, or in one with a bound",
        ),
        (
            "{task} {language} {difficulty} {clarity}\n{min_words} Wörter",
            "at most 1 character",
            "open_labels does not say 'at most 1 character': {max_characters} is in no line",
        ),
        ("{task} {language} {difficulty} {clarity}", "at least 50", "lacks the placeholder {num_words}"),
        ("{task} {language} {difficulty} {clarity} {max_word}", "exactly 5", "{max_word}; did you mean max_words"),
    ],
)
def test_a_template_that_would_not_say_a_planned_length_is_refused(template: str, num_words: str, line: str) -> None:
    closed = "{task}{labels}{label}{misleading_label}{language}{difficulty}{clarity}{num_words}"
    rows = RowTemplates(*templates(closed, template))
    with pytest.raises(PromptError, match=r"^[^\n]*Next: [^\n]*$") as caught:
        rows.check(has_own_attributes=False, has_seed_examples=False, lengths=[num_words])
    assert line in str(caught.value)


def test_bounds_in_a_line_with_more_serve_where_all_lengths_have_them() -> None:
    inline = "{task} in {language}, {min_words} bis {max_words} Wörter, {difficulty}, {clarity}."
    assert _said(inline, "20-40") == "Name the mood. in English, 20 bis 40 Wörter, PhD, clear."
    with pytest.raises(PromptError, match="that 'at least 20 words' lacks"):
        _said(inline, "at least 20")
