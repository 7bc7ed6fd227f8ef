"""The plan of a quota: rows are those of the tasks' own sequences, and a round more moves none."""

from collections import Counter
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.prompts import PromptTemplate

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests, plan_rounds, plan_slots
from synthetic_textcat.pipelines.attribute_sampling.quota_plan import first_round, quota_rows
from synthetic_textcat.pipelines.attribute_sampling.quota_slots import QuotaSlots
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, LlmParameters
from synthetic_textcat.schemas.quota import CellRows, Rounds, cells_of, named, unnamed
from synthetic_textcat.schemas.rows import REQUESTS
from synthetic_textcat.schemas.tasks import Task
from tests.support.examples import examples
from tests.support.task_tables import task_table

_TASKS = [
    Task.model_validate({"task": "Sort mail.", "labels": ["bill", "chat", "spam"], "weight": 3}),
    Task.model_validate({"task": "Sort news.", "labels": ["war", "sport"], "language": ["German", "English"]}),
    Task.model_validate({"task": "Say anything.", "extra": {"tone": ["calm", "angry"]}}),
]
_TABLE = task_table(_TASKS)
_SPEC, _LLM = ChatModelSpec("some.Model"), LlmParameters(model="model-1")
_PER = st.lists(
    st.sampled_from(["task", "language", "label", "num_words", "tone", "misleading_label"]), min_size=1, unique=True
)
_SLOWLY = examples(14)


def _sampling(per: list[str], target: int = 4, **others: object) -> AttributeSamplingParameters:
    return AttributeSamplingParameters.model_validate({"target_accepted": target, "per": per, **others})


def _rounds(
    sampling: AttributeSamplingParameters,
    seed: int,
    past: dict[str, Any] | None = None,
    tasks: pd.DataFrame = _TABLE,
    prompt: str = "{task}",
) -> dict[str, Any]:
    return plan_rounds(tasks, sampling, seed, past, None, _SPEC, _LLM, PromptTemplate.from_template(prompt))


def _first(sampling: AttributeSamplingParameters, seed: int = 42) -> Rounds:
    planned = Rounds.read(_rounds(sampling, seed))
    assert planned is not None
    return planned


def _with_round(sampling: AttributeSamplingParameters, rounds: Rounds, seed: int = 42, **rows: int) -> Rounds:
    """One more round, of so many rows with the values of the first, second, … slot (`s0`, `s1`, …)."""
    slots = plan_slots(_TABLE, sampling, seed)
    values = cells_of(slots, columns := list(slots.columns))
    more = tuple(CellRows(cell=named(values[int(name[1:])], columns), rows=number) for name, number in rows.items())
    return rounds.model_copy(update={"rounds": (*rounds.rounds, more)})


def _plan(sampling: AttributeSamplingParameters, rounds: Rounds, seed: int = 42) -> pd.DataFrame:
    return plan_requests(_TABLE, sampling, seed, rounds.model_dump(mode="json")).to_pandas()


@_SLOWLY
@given(_PER, st.integers(1, 9), st.integers(0, 5))
def test_the_first_round_has_the_target_in_each_cell(per: list[str], target: int, seed: int) -> None:
    sampling = _sampling(per, target, language={"English": 3, "Hindi": 1})
    rounds = _first(sampling, seed)
    plan = _plan(sampling, rounds, seed)
    assert Counter(cells_of(plan, per)) == {unnamed(each.cell): target for each in rounds.rounds[0]}
    assert plan["request_id"].is_unique
    assert {name: str(kind) for name, kind in plan.dtypes.items() if name in REQUESTS} == REQUESTS


@_SLOWLY
@given(_PER, st.integers(0, 5))
def test_each_row_is_that_of_its_number_within_its_task(per: list[str], seed: int) -> None:
    sampling = _sampling(per, 3)
    plan = _plan(sampling, _first(sampling, seed), seed)
    plan_of_rows = plan_requests(_TABLE, AttributeSamplingParameters(num_examples=1_500), seed)
    usual = plan_of_rows.to_pandas().set_index("request_id")
    known = plan[plan["request_id"].isin(usual.index)].set_index("request_id")
    assert len(known) > 0
    pd.testing.assert_frame_equal(known, usual.loc[known.index])


@_SLOWLY
@given(_PER, st.integers(1, 30), st.integers(1, 5))
def test_another_round_comes_after_all_that_is_planned(per: list[str], more: int, also: int) -> None:
    sampling = _sampling(per)
    first = _first(sampling)
    second = _with_round(sampling, first, s0=more, s1=also)
    before, after = _plan(sampling, first), _plan(sampling, second)
    pd.testing.assert_frame_equal(after.head(len(before)), before)
    slots = plan_slots(_TABLE, sampling, 42)
    values = cells_of(slots, list(slots.columns))
    assert cells_of(after.tail(more + also), list(slots.columns)) == [values[0]] * more + [values[1]] * also
    assert after["request_id"].is_unique


def test_the_rows_of_a_cell_go_round_its_tasks_by_their_weights() -> None:
    sampling = _sampling(["language"], 30, language="English")
    plan = _plan(sampling, _first(sampling))
    english = plan[plan["language"] == "English"]["task"].value_counts()
    assert english["Sort mail."] == pytest.approx(3 * english["Sort news."], abs=3)
    german = plan[plan["language"] == "German"]
    assert set(german["task"]) == {"Sort news."}
    assert len(german) == 30


def test_at_any_time_all_cells_have_the_same_share_of_their_rows() -> None:
    sampling = _sampling(["task", "label"], 20)
    plan = _plan(sampling, _first(sampling))
    half = Counter(cells_of(plan.head(len(plan) // 2), ["task", "label"]))
    assert set(half.values()) == {10}


def test_another_prompt_or_model_keeps_the_first_round_and_a_lower_target_none() -> None:
    sampling = _sampling(["task"])
    begun = _with_round(sampling, _first(sampling), s0=5).model_dump(mode="json")
    assert len(_rounds(sampling, 42, begun)["rounds"]) == 2
    assert _rounds(sampling, 42, begun, prompt="{task}!")["rounds"] == begun["rounds"][:1]
    lower = _rounds(_sampling(["task"], 3), 42, begun)["rounds"]
    assert [cell["rows"] for cell in lower[0]] == [3] * len(_TASKS)
    given = begun | {"asked_with": None, "target": None}  # of a run that is rebuilt
    assert _rounds(_sampling(["task"], 3), 42, given, prompt="{task}!") == given


def test_other_labels_tasks_attributes_or_seeds_begin_anew_and_another_target_does_not() -> None:
    sampling = _sampling(["task"])
    begun = _with_round(sampling, _first(sampling), s0=5).model_dump(mode="json")
    for other in (_sampling(["task"], 9), _sampling(["task"], max_rounds=3), _sampling(["task"], num_seed_examples=0)):
        assert _rounds(other, 42, begun)["rounds"] == begun["rounds"]
    for changed, seed in (
        (_sampling(["task", "label"]), 42),
        (sampling, 43),
        (_sampling(["task"], clarity="clear"), 42),
    ):
        assert len(_rounds(changed, seed, begun)["rounds"]) == 1
    assert len(_rounds(sampling, 42, begun, _TABLE.head(2))["rounds"]) == 1


def test_without_a_target_there_are_no_rounds_and_the_plan_is_the_usual_one() -> None:
    sampling = AttributeSamplingParameters(num_examples=20)
    assert _rounds(sampling, 42) == {}
    without, usual = plan_requests(_TABLE, sampling, 42, {}), plan_requests(_TABLE, sampling, 42)
    pd.testing.assert_frame_equal(without.to_pandas(), usual.to_pandas())


@pytest.mark.parametrize(
    ("name", "hint"), [("lable", "did you mean label"), ("request_id", "allowed: "), ("tones", "did you mean tone")]
)
def test_a_column_that_the_plan_has_not_is_an_error_with_a_hint(name: str, hint: str) -> None:
    with pytest.raises(ParameterError, match=f"attribute_sampling.per names '{name}'.*{hint}"):
        _first(_sampling(["task", name]))


def test_a_cell_that_hardly_ever_comes_up_is_an_error_that_names_it() -> None:
    rare = _sampling(["language"], 5, language={"English": 1_000_000, "Hindi": 1})
    tasks = _TABLE.head(1)
    rounds = Rounds(recipe="", rounds=(first_round(QuotaSlots(tasks, rare, 42), rare.cell_columns, 5),))
    with pytest.raises(
        ParameterError, match=r"the combination Hindi, .* is too rare: the first 2,000 rows of task .* have only 0"
    ):
        quota_rows(tasks, rare, 42, rounds, furthest=2_000)


def test_a_plan_made_in_parts_and_with_rows_sought_further_on_is_the_same() -> None:
    sampling = _sampling(["task", "label", "language"], 20)
    rounds = _with_round(sampling, _first(sampling), s0=30, s5=3)
    whole = quota_rows(_TABLE, sampling, 42, rounds)
    parts = quota_rows(_TABLE, sampling, 42, rounds, furthest=20_000)
    assert len(whole) > 160
    pd.testing.assert_frame_equal(parts.to_pandas(), whole.to_pandas())
    small = pd.concat(whole.frames(["request_id", "label"], rows=7), ignore_index=True)
    pd.testing.assert_frame_equal(small, whole.to_pandas()[["request_id", "label"]])
