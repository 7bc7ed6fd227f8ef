"""Nodes of `attribute_sampling`."""

from typing import Any

import pandas as pd

from synthetic_textcat.llm.prompts import asking_sha256
from synthetic_textcat.llm.spec import ChatModelSpec
from synthetic_textcat.pipelines.attribute_sampling.plan import PlanReport, by_id, plan_rows, report_on
from synthetic_textcat.pipelines.attribute_sampling.quota_plan import (
    first_round,
    is_judged,
    kept_of,
    next_round,
    quota_rows,
    recipe_of,
    tasks_by_cell,
)
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, LlmParameters
from synthetic_textcat.schemas.quota import Rounds, Shortfall
from synthetic_textcat.schemas.rows import plan_sha256
from synthetic_textcat.schemas.tasks import tasks_of


def plan_rounds(
    tasks: pd.DataFrame,
    attribute_sampling: AttributeSamplingParameters,
    seed: int,
    previous_rounds: dict[str, Any] | None,
    previous_shortfall: dict[str, Any] | None,
    spec: ChatModelSpec,
    llm: LlmParameters,
    *prompts: Any,
) -> dict[str, Any]:
    """Rounds of a quota (`Rounds`): the earlier ones that still hold and, if the last one left cells short, one more.

    Empty where no quota is asked for. They begin anew for other tasks, attributes, a lower target or another seed; for
    another model or prompt, with the first.

    Raises:
        ParameterError: If a cell can't be planned.
    """
    target = attribute_sampling.target_accepted
    if target is None:
        return {}
    recipe, asked_with = (
        recipe_of(tasks_of(tasks), attribute_sampling, seed),
        asking_sha256(llm, spec.identity, prompts),
    )
    past, shortfall = Rounds.read(previous_rounds), Shortfall.read(previous_shortfall)
    if past is not None and past.asked_with is None and past.recipe == recipe:  # of the run that is rebuilt
        return past.model_dump(mode="json")
    kept = kept_of(past, recipe, asked_with, target) or (
        first_round(tasks_by_cell(by_id(tasks), attribute_sampling), attribute_sampling.per, target),
    )
    rounds = Rounds(recipe=recipe, asked_with=asked_with, target=target, rounds=kept)
    if shortfall is not None and shortfall.next == "round" and is_judged(rounds, shortfall):
        rounds = rounds.model_copy(update={"rounds": (*kept, next_round(shortfall))})
    return rounds.model_dump(mode="json")


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
        return plan_rows(tasks, attribute_sampling, seed)
    return quota_rows(tasks, attribute_sampling, seed, of_quota)


def hash_plan(requests: pd.DataFrame) -> str:
    """Hex sha256 of the plan: two runs with the same one asked for the same rows."""
    return plan_sha256(requests) + "\n"


def report_plan(
    requests: pd.DataFrame, tasks: pd.DataFrame, attribute_sampling: AttributeSamplingParameters
) -> PlanReport:
    """Counts of the plan: rows, tasks and repeated prompts."""
    return report_on(requests, tasks, attribute_sampling.num_seed_examples)
