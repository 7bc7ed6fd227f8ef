"""Nodes of `attribute_sampling`."""

import pandas as pd

from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.pipelines.attribute_sampling.plan_report import PlanReport, report_on
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import plan_sha256
from synthetic_textcat.schemas.tasks import tasks_of


def plan_requests(tasks: pd.DataFrame, attribute_sampling: AttributeSamplingParameters, seed: int) -> pd.DataFrame:
    """The plan: one row a request, columns `REQUESTS` with own attributes after `num_words`."""
    return plan_rows(tasks_of(tasks), attribute_sampling, seed)


def hash_plan(requests: pd.DataFrame) -> str:
    """Hex sha256 of the plan: two runs with the same one asked for the same rows."""
    return plan_sha256(requests) + "\n"


def report_plan(
    requests: pd.DataFrame, tasks: pd.DataFrame, attribute_sampling: AttributeSamplingParameters
) -> PlanReport:
    """How many rows and tasks there are, and how many prompts are repeated."""
    return report_on(requests, tasks_of(tasks), attribute_sampling.num_seed_examples)
