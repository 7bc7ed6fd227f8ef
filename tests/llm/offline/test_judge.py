"""The offline model as a judge: it finds the label that a text was written for, from what any judge is shown."""

from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.errors import TransportError
from synthetic_textcat.llm.calls.votes import SetVote, Vote, verdict_judge
from synthetic_textcat.llm.offline.other_languages import authored_languages
from synthetic_textcat.llm.offline.replies import reply
from synthetic_textcat.llm.offline.writer import SHORT
from synthetic_textcat.schemas.completions import Problem
from synthetic_textcat.schemas.label_verdicts import BOTH, NONE_OF_THESE
from synthetic_textcat.schemas.languages import find_language, languages
from synthetic_textcat.schemas.outcomes import CONTENT_CAUSES, NO_REPLY_CAUSES, RECOVERABLE_DEFECTS, WRONG_LABEL
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import FrameTable
from tests.llm.builders import completion
from tests.llm.offline.judging import Judged, asked, judged, verdict_prompts, written
from tests.llm.offline.rehearsal import closed_tasks, tasks
from tests.support.each_case import each_of
from tests.support.examples import cases

AUTHORED = tuple(find_language(code).name for code in authored_languages())
MIXED = {WRONG_LABEL: 0.3}


def task_of(sentence: str, labels: Sequence[str] = ()) -> Task:
    return Task.model_validate({"task": sentence, "labels": list(labels)})


OWN_TASKS = (
    task_of("Sort a knitting pattern by its garment.", ["scarf", "mitten", "hat"]),
    task_of("Tell whether a shop is open.", ["online", "offline"]),
    task_of("Give the stars of a review.", ["5", "4", "3", "2", "1"]),
    task_of("Sort a thing.", [f"thing {number}" for number in range(50, 0, -1)]),
    task_of("Bestimme, worum es geht.", ["Rechnung", "Paket", "Übergrößenträger"]),
    task_of("Name the mood of a sea shanty."),
    task_of(tasks()[0].task, ["Sport", "Chess", "Business"]),  # one label that the task's grammar lacks
    task_of(tasks()[2].task, ["Joy", "Anger"]),  # some labels of the grammar
)


def several(task: Task) -> Task:
    """The task with several labels a text."""
    return Task.model_validate({"task": task.task, "labels": list(task.label_names), "labels_per_text": [0, 1]})


_WITH_SCHEMA = {True: "schema", False: "no schema"}


def recall_and_precision(rows: Sequence[Judged]) -> tuple[float, float]:
    """Of the disputes, against the defects that the rows' seeds say."""
    found = sum(row.is_wrong and not row.agrees for row in rows)
    wrong, disputed = sum(row.is_wrong for row in rows), sum(not row.agrees for row in rows)
    assert wrong >= 0.05 * len(rows)
    return found / wrong, found / disputed


@pytest.mark.parametrize("with_schema", cases([True, False], 2), ids=_WITH_SCHEMA.get)
def test_wrong_labels_of_the_shipped_tasks_are_found(with_schema: bool) -> None:
    recall, precision = recall_and_precision(judged(tasks(), 72, rates=MIXED, with_schema=with_schema))
    assert recall >= 0.98
    assert precision >= 0.98


@pytest.mark.parametrize(
    ("names", "count"),
    [
        ((*AUTHORED, "Swahili"), 48),
        pytest.param(AUTHORED, 5_000, marks=pytest.mark.slow),
        pytest.param([language.name for language in languages()], 5_000, marks=pytest.mark.slow),
    ],
    ids=["few rows", "languages with a grammar", "all languages"],
)
def test_wrong_labels_are_found_in_other_languages(names: Sequence[str], count: int) -> None:
    rows = judged(tasks(), count, names, MIXED)
    assert len({row.row["language"] for row in rows}) == len(names)
    recall, precision = recall_and_precision(rows)
    assert recall >= 0.98
    assert precision >= 0.98


@pytest.mark.parametrize("with_schema", cases([True, False], 2), ids=_WITH_SCHEMA.get)
def test_wrong_labels_of_tasks_that_no_grammar_knows_are_found(with_schema: bool) -> None:
    rows = judged(OWN_TASKS, 48, ("English", "German", "Thai"), MIXED, with_schema)
    recall, precision = recall_and_precision(rows)
    assert recall >= 0.98
    assert precision >= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("task", OWN_TASKS, ids=lambda task: str(len(task.labels)))
def test_wrong_labels_of_each_such_task_are_found(task: Task) -> None:
    recall, precision = recall_and_precision(judged([task], 1_000, rates={WRONG_LABEL: 0.1}))
    assert recall >= 0.98
    assert precision >= 0.98


def test_a_row_with_the_text_of_another_label_bears_the_labels_that_were_planned() -> None:
    whole, spoilt = written(closed_tasks(), 30), written(closed_tasks(), 30, rates={WRONG_LABEL: 1.0})
    for row, other in zip(whole, spoilt, strict=True):
        assert (other["label"], other["misleading_label"]) == (row["label"], row["misleading_label"])
        assert other["input_text"] != row["input_text"]


def test_a_second_label_fits_where_a_text_was_written_to_be_ambiguous_and_nowhere_else() -> None:
    both = Counter[tuple[bool, bool]]()
    for each in judged(tasks(), 108, ("English", "German")):
        row = each.row
        mixed = row["clarity"] == "ambiguous" and row["num_words"] != SHORT
        both[mixed, each.verdict == BOTH or each.also_fits == row["misleading_label"]] += 1
        assert each.also_fits in (None, NONE_OF_THESE, row["misleading_label"])
    assert both[False, True] == 0
    assert both[True, True] > both[True, False]


def test_a_text_that_no_template_wrote_fits_no_label() -> None:
    prompts = verdict_prompts(tasks())
    texts = ("They forgot the sauce, and my soup was cold.", "Le chat dort.", "?", "Label: Sport", "漢字かな交じり文")
    for task in tasks():
        labels = task.label_names or ("left", "right")
        for text in texts:
            row = {"request_id": text, "task_id": task.task_id, "input_text": text}
            answer = asked(prompts.question({**row, "label": labels[0], "misleading_label": labels[1]}, 1))
            assert set(answer.values()) <= {NONE_OF_THESE, *labels}
            if text != texts[0]:  # whose everyday words a grammar may have
                assert set(answer.values()) == {NONE_OF_THESE}, (task.task, text)


def test_wrong_verdicts_come_at_their_rate_and_differ_from_vote_to_vote() -> None:
    prompts, by_row = verdict_prompts(closed_tasks()), []
    for row in written(closed_tasks(), 100):
        votes = [asked(prompts.question(row, vote), {"wrong_verdict": 0.3})["verdict"] for vote in (1, 2, 3)]
        by_row.append([vote == row["label"] for vote in votes])
        assert NONE_OF_THESE not in votes
    assert sum(map(sum, by_row)) / 300 == pytest.approx(0.7, abs=0.07)
    assert Counter(map(sum, by_row))[2] > 20


def test_wrong_verdicts_can_be_those_of_one_label() -> None:
    rates = {"wrong_verdict": {"Sport": 1.0}}
    for each in judged(tasks()[:1], 30, rates=rates):
        assert each.agrees == (each.row["label"] != "Sport")


@pytest.mark.parametrize(
    ("defect", "of_several"), cases(product([*CONTENT_CAUSES, *RECOVERABLE_DEFECTS], [False, True]), 3)
)
def test_defects_of_replies_befall_verdicts_too(defect: str, of_several: bool) -> None:
    of_one = tasks()[0]
    [row] = written([of_one], 1)
    task = several(of_one) if of_several else of_one
    question = verdict_prompts([task]).question(row, 1)
    prompt = "\n".join(str(message.content) for message in question.messages)
    answer = reply(prompt, question.schema["schema"], question.seed, {defect: 1.0})
    fields: dict[str, Any] = {"finish_reason": answer.finish_reason, "refusal": answer.refusal}
    read = verdict_judge(FrameTable(pd.DataFrame([row])), {task.task_id: task}).read(
        completion(answer.content, request_id=row["request_id"], **fields)
    )
    if defect in RECOVERABLE_DEFECTS:
        if of_several:
            assert isinstance(read, SetVote)
            assert row["label"] in read.labels
        else:
            assert isinstance(read, Vote)
            assert read.verdict == row["label"]
    else:
        assert isinstance(read, Problem)
        assert read.cause == defect


@each_of("cause", NO_REPLY_CAUSES)
def test_a_call_for_a_verdict_can_fail(cause: str) -> None:
    [row] = written(tasks()[:1], 1)
    with pytest.raises(TransportError):
        asked(verdict_prompts(tasks()[:1]).question(row, 1), {cause: 1.0})


@pytest.mark.parametrize("with_schema", cases([True, False], 2), ids=_WITH_SCHEMA.get)
def test_of_several_labels_those_that_the_text_was_written_for_are_answered_by_yes(with_schema: bool) -> None:
    of_one = closed_tasks()[:3]
    prompts = verdict_prompts([several(task) for task in of_one])
    right, rows = 0, written(of_one, 30)
    for row in rows:
        question = prompts.question(row, 1)
        answers: Any = asked(question, with_schema=with_schema)["answers"]
        assert [answer["label"] for answer in answers] == question.options
        right += row["label"] in [answer["label"] for answer in answers if answer["fits"] == "yes"]
    assert right >= 0.98 * len(rows)


def test_a_wrong_verdict_on_several_labels_is_wrong_about_one() -> None:
    tasks_of_one = closed_tasks()[:1]
    prompts = verdict_prompts(list(map(several, tasks_of_one)))
    for row in written(tasks_of_one, 10):
        question = prompts.question(row, 1)
        right, wrong = ({a["label"]: a["fits"] for a in _answers_of(question, rate)} for rate in (0.0, 1.0))
        assert sum(right[label] != wrong[label] for label in right) == 1


def _answers_of(question: Any, rate: float) -> list[dict[str, str]]:
    answers: Any = asked(question, {"wrong_verdict": rate})["answers"]
    return list(answers)
