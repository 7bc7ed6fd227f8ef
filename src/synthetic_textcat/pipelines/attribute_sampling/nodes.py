"""Nodes of `attribute_sampling`."""

import logging
from typing import Any

import pandas as pd

from synthetic_textcat.console import NO_MARKUP
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.prompts.messages import asking_sha256
from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.pipelines.attribute_sampling.plan_report import PlanReport, report_on, warning_about_splits
from synthetic_textcat.pipelines.attribute_sampling.quota_plan import (
    first_round,
    is_judged,
    kept_of,
    quota_rows,
    recipe_of,
)
from synthetic_textcat.pipelines.attribute_sampling.quota_slots import MixOff, QuotaSlots
from synthetic_textcat.schemas.label_sets import has_multi_label
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, ExportParameters, LlmParameters
from synthetic_textcat.schemas.quota import Rounds, Shortfall
from synthetic_textcat.schemas.rows import plan_sha256
from synthetic_textcat.schemas.run_records import ROW_PROMPT_NAMES
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.tables import RowTable

logger = logging.getLogger(__name__)

_MOST_ROWS_OF_A_CELL = 200
"""Larger targets for the sake of the mix alone are not recommended."""


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
    """Rounds of a quota (`Rounds`): the earlier ones that still hold and, if the last one left slots open, one more.

    Empty where no quota is asked for. They begin anew for other tasks, attributes, a lower target or another seed; for
    another model or prompt, with the first.

    Raises:
        ParameterError: If `per` names what no row has.
    """
    target = attribute_sampling.target_accepted
    if target is None:
        return {}
    asking = prompts if has_multi_label(tasks) else prompts[: len(ROW_PROMPT_NAMES)]
    recipe, asked_with = (
        recipe_of(tasks_of(tasks), attribute_sampling, seed),
        asking_sha256(llm, spec.identity_of(llm), asking),
    )
    past, shortfall = Rounds.read(previous_rounds), Shortfall.read(previous_shortfall)
    if past is not None and past.asked_with is None and past.recipe == recipe:  # of the run that is rebuilt
        return past.model_dump(mode="json")
    kept = kept_of(past, recipe, asked_with, target)
    if not kept:
        slots = QuotaSlots(tasks, attribute_sampling, seed)
        kept = (first_round(slots, attribute_sampling.block_columns, target),)
        for off in slots.mix_off(target):
            logger.warning("%s", _mix_line(off, target), extra=NO_MARKUP)
    rounds = Rounds(recipe=recipe, asked_with=asked_with, target=target, rounds=kept)
    if shortfall is not None and shortfall.next == "round" and is_judged(rounds, shortfall):
        rounds = rounds.model_copy(update={"rounds": (*kept, shortfall.ask)})
    return rounds.model_dump(mode="json")


def _mix_line(off: MixOff, target: int) -> str:
    share, wanted = off.slots / off.all_slots, off.wanted / off.all_slots
    better = f"{off.multiple:,} or a multiple of it" if off.multiple <= _MOST_ROWS_OF_A_CELL else "a higher number"
    return (
        f"{off.value} ({off.column}) has {share:.1%} of all rows, not {wanted:.1%}: each cell is within one row "
        f"of its mix, but has {target:,} only. Next: for the mix over all cells set "
        f"attribute_sampling.target_accepted to {better}, or name fewer columns in per"
    )


def plan_slots(tasks: pd.DataFrame, attribute_sampling: AttributeSamplingParameters, seed: int) -> pd.DataFrame:
    """The slots of a quota, one row each: values of the cell columns, then of the attributes whose mix is kept.

    Without a quota there is none.
    """
    if attribute_sampling.target_accepted is None:
        return pd.DataFrame({"task": pd.array([], dtype="str")})
    return QuotaSlots(tasks, attribute_sampling, seed).table(attribute_sampling.target_accepted)


def plan_requests(
    tasks: pd.DataFrame,
    attribute_sampling: AttributeSamplingParameters,
    seed: int,
    rounds: dict[str, Any] | None = None,
) -> RowTable:
    """The plan: one row a request, columns `REQUESTS` with own attributes after `num_words`.

    Raises:
        ParameterError: If a slot of the quota is too rare.
    """
    of_quota = Rounds.read(rounds)
    if of_quota is None:
        return plan_rows(tasks, attribute_sampling, seed)
    return quota_rows(tasks, attribute_sampling, seed, of_quota)


def hash_plan(requests: RowTable) -> str:
    """Hex sha256 of the plan: two runs with the same one asked for the same rows."""
    return plan_sha256(requests) + "\n"


def report_plan(requests: RowTable, tasks: pd.DataFrame, attribute_sampling: AttributeSamplingParameters) -> PlanReport:
    """Counts of the plan: rows, tasks and repeated prompts."""
    return report_on(requests, tasks, attribute_sampling.num_seed_examples)


def warn_of_few_rows(
    requests: RowTable,
    tasks: pd.DataFrame,
    attribute_sampling: AttributeSamplingParameters,
    llm: LlmParameters,
    export: ExportParameters,
) -> None:
    """Logs that labels have too few planned rows for the splits; not of a quota, whose rows per cell are chosen.

    It is not a warning where templates write the rows: these are not for training.
    """
    if attribute_sampling.target_accepted is not None:
        return
    line = warning_about_splits(requests, tasks, export.splits)
    level = logging.INFO if llm.model == OFFLINE_MODEL else logging.WARNING
    if line is not None:
        logger.log(level, "%s", line, extra=NO_MARKUP)
