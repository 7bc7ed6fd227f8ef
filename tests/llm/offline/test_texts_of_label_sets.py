"""Texts of the offline model for label sets: each says what its labels say and no more, in any mode and language."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from langchain_core.prompts import PromptTemplate

from synthetic_textcat.llm.offline.judge import ANSWERS, FITS
from synthetic_textcat.llm.offline.orthography import leaks
from synthetic_textcat.llm.offline.prompt_reader import asks_for_label_set, find_label_set
from synthetic_textcat.llm.offline.replies import read, reply
from synthetic_textcat.llm.prompts.row_prompts import RenderedRow, RowPrompts, RowTemplates
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.tasks import Task
from tests.llm.offline.judging import template, verdict_prompts
from tests.llm.offline.rehearsal import closed_tasks, plan_of, prompt_of
from tests.support.several_labels import several_labels_tasks
from tests.support.task_tables import task_table

pytestmark = pytest.mark.xdist_group("offline_texts")

_NEWS = Task.model_validate(closed_tasks()[0].model_dump() | {"labels_per_text": [0, 3]})
_TASKS = (_NEWS, *several_labels_tasks()[:2])
_LANGUAGES = ["English", "German", "Hindi", "Basque"]
_ROWS = 40


@cache
def _asked(rows: int = _ROWS, planned_labels: bool = False) -> list[RenderedRow]:
    """Rows of a real plan, with the shipped prompt."""
    sampling = AttributeSamplingParameters(num_examples=rows, language=_LANGUAGES)
    requests = plan_requests(task_table(_TASKS), sampling, seed=42).to_pandas()
    closed, of_open, several = map(template, ("closed_labels", "open_labels", "several_labels"))
    templates = RowTemplates(closed, of_open, PromptTemplate.from_template("{seed_examples}"), several)
    return list(RowPrompts(requests, _TASKS, templates, 0).rendered(requests, planned_labels))


def _said(asked: RenderedRow) -> str:
    return "\n".join(str(message.content) for message in asked.messages)


def _row(asked: RenderedRow, rates: dict[str, float] | None = None, with_schema: bool = True) -> dict[str, Any]:
    schema = asked.schema["schema"] if with_schema else None
    row: dict[str, Any] = json.loads(reply(_said(asked), schema, asked.seed, rates or {}).content)
    return row


def _task(asked: RenderedRow) -> Task:
    return next(task for task in _TASKS if task.task_id == asked.row["task_id"])


def _fitting(rows: Sequence[tuple[RenderedRow, str]], rates: dict[str, float] | None = None) -> Iterator[set[str]]:
    """The labels to which the judge says yes."""
    prompts = verdict_prompts(_TASKS)
    for asked, text in rows:
        [question] = prompts.questions([{**asked.row, "input_text": text}], 1)
        said = "\n".join(str(message.content) for message in question.messages)
        for schema in (question.schema["schema"], None):
            answers = json.loads(reply(said, schema, question.seed, rates or {}).content)[ANSWERS]
            assert [answer["label"] for answer in answers] == list(question.options)
            fitting = {answer["label"] for answer in answers if answer[FITS] == "yes"}
        yield fitting


def test_rows_are_as_planned_and_a_judge_finds_their_labels_again() -> None:
    rows = [(asked, _row(asked)) for asked in _asked()]
    for asked, row in rows:
        assert row["labels"] == list(asked.row["labels"])
        assert row["misleading_label"] == asked.row["misleading_label"]
        assert not leaks(row["input_text"], _task(asked).label_names)
    texts = [(asked, row["input_text"]) for asked, row in rows]
    assert [set(asked.row["labels"]) for asked, _ in rows] == list(_fitting(texts))
    assert {len(asked.row["labels"]) for asked, _ in rows} == {0, 1, 2, 3}
    assert len({text for _, text in texts}) >= 0.99 * _ROWS


def test_short_texts_have_a_statement_for_each_label() -> None:
    lengths = [len(_row(asked)["input_text"].split()) for asked in _asked() if asked.row["num_words"] == "less than 10"]
    assert len(lengths) > 3
    assert max(lengths) <= 18


@pytest.mark.parametrize("planned_labels", [False, True])
def test_the_row_is_the_same_whatever_the_schema_says(planned_labels: bool) -> None:
    for asked, planned in zip(_asked()[:10], _asked(planned_labels=planned_labels), strict=False):
        assert _row(asked) == _row(planned) == _row(planned, with_schema=False)


def test_a_text_of_another_set_is_found_by_the_judge_alone() -> None:
    wrong = [(asked, _row(asked, {"wrong_label": 1.0})) for asked in _asked()[:15]]
    assert all(row["labels"] == list(asked.row["labels"]) for asked, row in wrong)
    found = list(_fitting([(asked, row["input_text"]) for asked, row in wrong]))
    assert all(fits != set(asked.row["labels"]) for (asked, _), fits in zip(wrong, found, strict=True))


def test_a_wrong_verdict_is_wrong_about_one_label() -> None:
    texts = [(asked, _row(asked)["input_text"]) for asked in _asked()[:15]]
    found = _fitting(texts, {"wrong_verdict": 1.0})
    assert {len(fits ^ set(asked.row["labels"])) for (asked, _), fits in zip(texts, found, strict=True)} == {1}


def test_faults_of_label_sets_are_what_their_names_say() -> None:
    kinds: Counter[str] = Counter()
    for asked in _asked()[:20]:
        planned, whole = list(asked.row["labels"]), _row(asked)
        changed = _row(asked, {"labels_not_as_planned": 1.0})["labels"]
        kinds["extra" if len(changed) > len(planned) else "missing"] += 1
        assert set(changed) ^ set(planned)
        assert asked.row["misleading_label"] not in changed
        leaked = _row(asked, {"label_leaked": 1.0})["input_text"]
        assert leaks(leaked, planned[-1:] or [asked.row["misleading_label"]])
        inside = _row(asked, {"same_labels": 1.0})
        assert inside["misleading_label"] in planned if planned else inside == whole
        assert _row(asked, {"label_not_as_planned": 1.0}) == whole
    assert min(kinds.values()) > 2


def test_a_list_in_another_prompt_is_no_label_set() -> None:
    task = closed_tasks()[0]
    prompt = prompt_of(task, plan_of(task, 1)) + '\n- "labels []" was on the note ["A"]\n- labels: see above'
    assert not asks_for_label_set(prompt)
    assert read(prompt, None, 1).plan.label_set is None
    assert find_label_set('["\\q"] ["A", "B"] [] ["A"]', ["A"]) == ()
