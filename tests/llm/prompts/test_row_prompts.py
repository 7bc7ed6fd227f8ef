"""What a row's prompt says beside the task: own attributes and seed examples, each only where there are any."""

from itertools import product
from typing import Any

import pandas as pd
import pytest
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import PromptError
from synthetic_textcat.llm.prompts.messages import wire_form
from synthetic_textcat.llm.prompts.row_prompts import (
    RowPrompts,
    RowTemplates,
    advice_on,
    preview_of,
    renderer_of,
    spread,
)
from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.pipelines.attribute_sampling.plan_report import report_on
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowTable, as_table
from tests.pipelines.generation.builders import CLOSED, OPEN, templates
from tests.support.examples import cases
from tests.support.task_tables import task_table

_LINES = "\n\n{seed_examples}\n\nThe text:\n{own_attributes}\nEnd."
_SEEDED = Task.model_validate(
    {"task": "Sort.", "labels": ["good", "bad"], "seed_examples": {"good": ['lovely\n"day"'], "bad": ["no {more}"]}}
)
_PLAIN = Task(task="Name the mood.")


def _contents(tasks: list[Task], lines: str = _LINES, shown: int = 3, extra: Any = None, **more: Any) -> list[str]:
    sampling = AttributeSamplingParameters.model_validate({"num_examples": 8, "extra": extra or {}, **more})
    plan = plan_rows(task_table(tasks), sampling, 42).to_pandas()
    prompts = RowPrompts(plan, tasks, RowTemplates(*templates(CLOSED + lines, OPEN + lines)), shown)
    return [str(wire_form(asked.messages)[0]["content"]) for asked in prompts.rendered(plan)]


def _labels(kinds: str) -> RowTable:
    labels = pd.Series([None if kind == "-" else kind for kind in kinds], dtype="str")
    return as_table(pd.DataFrame({"label": labels}))


def test_what_a_row_has_not_leaves_no_trace() -> None:
    assert all(content.endswith("\n\nThe text:\nEnd.") for content in _contents([_PLAIN]))
    assert all("\n\n\n" not in content for content in _contents([_PLAIN]))


def test_each_own_attribute_is_a_line() -> None:
    contents = _contents([_PLAIN], extra={"tone": "formal", "channel": ["email"]})
    assert all(content.endswith("The text:\n- tone: formal\n- channel: email\nEnd.") for content in contents)


def test_a_length_in_characters_stands_in_place_of_words() -> None:
    asked = ["20 to 40 words", {"to": 280, "unit": "characters"}, "less than 10"]
    lines = "\nLength: {num_words}  words, in all {num_words}. {{num_words}} words"
    contents = {content.rpartition("Length: ")[2] for content in _contents([_PLAIN], lines, num_words=asked)}
    assert contents == {
        "20 to 40  words, in all 20 to 40. {num_words} words",
        "at most 280 characters, in all at most 280 characters. {num_words} words",
        "less than 10  words, in all less than 10. {num_words} words",
    }


def test_an_attribute_of_one_label_only_is_a_line_of_its_rows_only() -> None:
    labels = [{"name": "good", "extra": {"tone": "warm"}}, "bad"]
    contents = _contents([Task.model_validate({"task": "Sort.", "labels": labels})])
    assert {("- tone: warm" in content, '|"good"|"bad"' in content) for content in contents} == {
        (True, True),
        (False, False),
    }


def test_seed_examples_of_the_label_are_quoted_and_their_braces_are_text() -> None:
    contents = _contents([_SEEDED])
    assert all(
        ('Like these:\n- "lovely\\n\\"day\\""\n' in content) == ('|"good"|"bad"|' in content) for content in contents
    )
    assert all(('Like these:\n- "no {more}"\n' in content) == ('|"bad"|"good"|' in content) for content in contents)


def test_none_are_shown_where_none_are_wanted() -> None:
    assert not any("Like these" in content for content in _contents([_SEEDED], shown=0))


@pytest.mark.parametrize(
    ("tasks", "lines", "extra", "says"),
    [
        ([_PLAIN], "{seed_examples}", {"tone": "dry"}, r"closed_labels lacks the placeholder \{own_attributes\}"),
        ([_SEEDED], "{own_attributes}", {}, r"closed_labels lacks the placeholder \{seed_examples\}"),
        ([_PLAIN], "{own_atributes}", {}, r"unknown placeholder \{own_atributes\}; did you mean own_attributes"),
    ],
)
def test_a_template_without_their_place_is_refused(
    tasks: list[Task], lines: str, extra: dict[str, str], says: str
) -> None:
    with pytest.raises(PromptError, match=says):
        _contents(tasks, lines, extra=extra)


@pytest.mark.parametrize(("balance", "shown"), cases(product(["exact", "random"], [0, 1, 3]), 4))
def test_the_plan_counts_just_the_prompts_that_are_equal(balance: str, shown: int) -> None:
    texts = {"good": [f"good {number}" for number in range(4)], "bad": ["never again"]}
    labels = ["good", {"name": "bad", "weight": 0.3, "extra": {"mood": ["glum", "sad"]}}]
    seeded = Task.model_validate({"task": "Sort.", "labels": labels, "seed_examples": texts, "difficulty": "PhD"})
    chosen = {"num_examples": 300, "extra": {"tone": {"dry": 2, "warm": 1}}, "balance": balance}
    plan = plan_rows(task_table([seeded, _PLAIN]), AttributeSamplingParameters.model_validate(chosen), 42).to_pandas()
    prompts = RowPrompts(plan, [seeded, _PLAIN], RowTemplates(*templates(CLOSED + _LINES, OPEN + _LINES)), shown)
    rendered = [str(wire_form(asked.messages)) for asked in prompts.rendered(plan)]
    repeated = report_on(as_table(plan), task_table([seeded, _PLAIN]), shown)["plan/repeated_prompts"]
    assert repeated == len(rendered) - len(set(rendered)) > 0


def test_a_template_needs_no_place_for_what_nobody_has() -> None:
    assert _contents([_PLAIN], lines="")


def test_the_preview_shows_rows_from_all_over_the_plan_with_what_was_drawn() -> None:
    assert spread(_labels("a" * 200)) == [0, 99, 199]
    assert spread(_labels("a-" * 2)) == [0, 1, 3]
    assert spread(_labels("a" * 50 + "-" + "a" * 49)) == [0, 50, 99]
    assert spread(_labels("a")) == [0]
    assert spread(_labels("")) == []
    sampling = AttributeSamplingParameters.model_validate({"num_examples": 9, "extra": {"tone": "dry"}})
    plan = plan_rows(task_table([_SEEDED]), sampling, 42)
    prompts = RowPrompts(plan.to_pandas(), [_SEEDED], RowTemplates(*templates(CLOSED + _LINES, OPEN + _LINES)), 3)
    page = preview_of(prompts.rendered(plan.take(spread(plan))), 9)
    assert page.startswith("# 3 of 9 planned rows")
    assert page.count("- tone: dry") == 6  # as drawn, and in the prompt
    assert page.count("### user") == 3
    for number in (0, 4, 8):
        assert f"## Row {number} of the task: Sort." in page
        assert f"- num_words: {plan['num_words'].iloc[number]}" in page


def test_similar_misleading_labels_are_recommended_for_many_labels_drawn_evenly() -> None:
    even, similar = AttributeSamplingParameters(), AttributeSamplingParameters(misleading_label="similar")
    six, seven = (Task.model_validate({"task": f"Sort {n}.", "labels": [f"l{x}" for x in range(n)]}) for n in (6, 7))
    confused = Task.model_validate({**seven.model_dump(), "confusable": {"l1": ["l2"]}})
    eight = Task.model_validate({"task": "Sort " + "very " * 20, "labels": [f"l{x}" for x in range(8)]})
    lines = list(advice_on([Task(task="Sort."), six, seven], even))
    assert lines[0] == "Recommended: attribute_sampling.misleading_label=similar, from 7 labels on."
    assert lines[1] == "Most labels: 'Sort 7.', 7."
    assert len(lines) == 3
    more = list(advice_on([seven, eight, seven], even))
    assert more[1].endswith("...', 8.") or more[1].endswith("..., 8.")
    assert more[2] == "2 more tasks have over 6 labels."
    assert list(advice_on([seven, eight], even))[2] == "1 more task has over 6 labels."
    assert max(map(len, more)) <= 100
    assert not list(advice_on([Task(task="Sort."), six, confused], even))
    assert not list(advice_on([seven], similar))
    assert preview_of([], 0, lines).splitlines()[2::2] == lines


def test_plain_templates_are_rendered_as_langchain_renders_them() -> None:
    rows = RowTemplates(*templates())
    names = [*ATTRIBUTES, "task", "labels", "label", "misleading_label", "own_attributes", "seed_examples"]
    values = {name: f"a {name} with {{braces}}, \U0001f600 and\na break" for name in names}
    for template in (rows.closed, rows.open):
        assert renderer_of(template) != template.format_messages
        assert renderer_of(template)(**values) == template.format_messages(**values)


def test_other_templates_are_rendered_by_langchain() -> None:
    jinja = ChatPromptTemplate.from_messages([("human", "Write {{ task }}.")], template_format="jinja2")
    assert renderer_of(jinja)(task="a text")[0].content == "Write a text."
    partial = ChatPromptTemplate.from_messages([("human", "Write {task} in {language}.")]).partial(language="German")
    assert renderer_of(partial)(task="a text")[0].content == "Write a text in German."
