"""Nodes of `attribute_sampling`."""

import pandas as pd

from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import REQUESTS, plan_sha256, to_frame
from synthetic_textcat.schemas.tasks import tasks_of


def plan_requests(tasks: pd.DataFrame, attribute_sampling: AttributeSamplingParameters, seed: int) -> pd.DataFrame:
    """The plan: one row a request, columns `REQUESTS`."""
    rows = plan_rows(tasks_of(tasks), attribute_sampling, seed)
    return to_frame(rows, REQUESTS)


def hash_plan(requests: pd.DataFrame) -> str:
    """Hex sha256 of the plan: two runs with the same one asked for the same rows."""
    return plan_sha256(requests) + "\n"
