"""Nodes of `attribute_sampling`."""

from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.attribute_sampling.plan import cells_in_order, plan_rows, quota_rows
from synthetic_textcat.pipelines.attribute_sampling.plan_report import PlanReport, report_on
from synthetic_textcat.pipelines.attribute_sampling.rounds import first_round, may_go_on, next_round, recipe_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Rounds, Shortfall
from synthetic_textcat.schemas.rows import plan_sha256
from synthetic_textcat.schemas.tasks import tasks_of


def plan_rounds(
    tasks: pd.DataFrame,
    attribute_sampling: AttributeSamplingParameters,
    seed: int,
    previous_rounds: dict[str, Any] | None,
    previous_shortfall: dict[str, Any] | None,
) -> dict[str, Any]:
    """The rounds of a quota (`Rounds`): those of before and, if the last one left cells short, one more.

    Empty where no quota is asked for. They begin anew for other tasks, attributes or another seed.

    Raises:
        ParameterError: If a cell can't be planned.
    """
    if attribute_sampling.target_accepted is None:
        return {}
    known = tasks_of(tasks)
    recipe = recipe_of(known, attribute_sampling, seed)
    past, shortfall = Rounds.read(previous_rounds), Shortfall.read(previous_shortfall)
    if past is None or past.recipe != recipe:
        cells = cells_in_order(known, attribute_sampling)
        begun = first_round(cells, attribute_sampling.per, attribute_sampling.target_accepted)
        return Rounds(recipe=recipe, rounds=(begun,)).model_dump(mode="json")
    more = next_round(shortfall) if shortfall and may_go_on(past, shortfall, attribute_sampling) else ()
    rounds = (*past.rounds, more) if more else past.rounds
    return Rounds(recipe=recipe, rounds=rounds).model_dump(mode="json")


def plan_requests(
    tasks: pd.DataFrame,
    attribute_sampling: AttributeSamplingParameters,
    seed: int,
    rounds: dict[str, Any] | None = None,
) -> pd.DataFrame:
    """The plan: one row a request, columns `REQUESTS` with own attributes after `num_words`.

    Raises:
        ParameterError: If a cell of the quota can't be planned.
    """
    of_quota = Rounds.read(rounds)
    if of_quota is None:
        return plan_rows(tasks_of(tasks), attribute_sampling, seed)
    return quota_rows(tasks_of(tasks), attribute_sampling, seed, of_quota)


def hash_plan(requests: pd.DataFrame) -> str:
    """Hex sha256 of the plan: two runs with the same one asked for the same rows."""
    return plan_sha256(requests) + "\n"


def report_plan(
    requests: pd.DataFrame, tasks: pd.DataFrame, attribute_sampling: AttributeSamplingParameters
) -> PlanReport:
    """How many rows and tasks there are, and how many prompts are repeated."""
    return report_on(requests, tasks_of(tasks), attribute_sampling.num_seed_examples)
