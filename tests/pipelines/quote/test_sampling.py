"""The pilot: rows of the plan, spread over tasks and languages, the same ones each time."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.pipelines.quote.nodes import choose_pilot
from synthetic_textcat.pipelines.quote.sampling import spread_sample
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, QuoteParameters
from synthetic_textcat.schemas.rows import REQUESTS
from synthetic_textcat.schemas.tasks import Task

_TASKS = pd.DataFrame([Task(task=f"Sort pile {number}.").to_row("file") for number in range(9)])


def _plan(rows: int, language: object = "English") -> pd.DataFrame:
    sampling = AttributeSamplingParameters.model_validate({"num_examples": rows, "language": language})
    return plan_requests(_TASKS, sampling, 42)


@given(planned=st.integers(1, 60), rows=st.integers(1, 80), seed=st.integers(0, 2**31))
def test_it_is_as_many_rows_as_asked_each_once_in_plan_order(planned: int, rows: int, seed: int) -> None:
    plan = pd.DataFrame(
        {
            "request_id": [f"r{n}" for n in range(planned)],
            "task_id": "t",
            "language": ["English", "German"][planned % 2],
        }
    )
    taken = spread_sample(plan, rows, seed)
    assert len(taken) == min(rows, planned)
    assert taken == sorted(set(taken))
    assert set(taken) <= set(range(planned))


@pytest.mark.parametrize("seed", range(8))
def test_tasks_and_languages_have_the_share_that_they_have_in_the_plan(seed: int) -> None:
    plan = _plan(1800, {"English": 3, "German": 1})
    pilot = plan.iloc[spread_sample(plan, 36, seed)]
    of_tasks = pilot["task_id"].value_counts()
    assert len(of_tasks) == 9
    assert set(of_tasks) <= {3, 4, 5}
    assert 6 <= (pilot["language"] == "German").sum() <= 12


def test_it_depends_on_the_seed_and_on_nothing_else() -> None:
    plan = _plan(300)
    assert spread_sample(plan, 20, 42) == spread_sample(plan, 20, 42) != spread_sample(plan, 20, 43)
    backwards = plan.iloc[::-1]
    assert set(backwards["request_id"].iloc[spread_sample(backwards, 20, 42)]) == set(
        plan["request_id"].iloc[spread_sample(plan, 20, 42)]
    )


def test_the_pilot_is_a_part_of_the_plan_with_all_its_columns() -> None:
    plan = _plan(100)
    pilot = choose_pilot(plan, QuoteParameters(pilot_rows=10), 42)
    assert {str(name): str(kind) for name, kind in pilot.dtypes.items()} == REQUESTS
    pd.testing.assert_frame_equal(plan[plan["request_id"].isin(pilot["request_id"])].reset_index(drop=True), pilot)
