"""Lends the checks of single rows to the pipeline that asks, so that it can pause a task that they reject."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset

from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, known_of
from synthetic_textcat.pipelines.quality_report.checks.verdicts import judge_alone
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.replies import Problem, Reply
from synthetic_textcat.schemas.tasks import Task


class LentRowCheck:
    """Puts the check into the catalog, as `row_check`: pipelines do not import one another."""

    def __init__(self) -> None:
        self._flag_only: tuple[str, ...] = ()

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Notes which reasons reject no row."""
        self._flag_only = QualityReportParameters.model_validate(context.params["quality_report"]).flag_only

    @hook_impl
    def before_pipeline_run(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Puts it there for every run."""
        check = partial(reject_reason, flag_only=self._flag_only)
        catalog["row_check"] = MemoryDataset(check, copy_mode="assign")


def reject_reason(task: Task, row: Mapping[str, Any], reply: Reply, flag_only: tuple[str, ...] = ()) -> Problem | None:
    """Why the report would reject this reply, by the checks that need no other row; None if it would not."""
    candidate = Candidate(
        request_id=row["request_id"],
        **reply.model_dump(),
        planned_label=row["label"],
        known=known_of(task),
        language=row["language"],
    )
    verdict = judge_alone(candidate, flag_only).verdict
    return None if verdict is None else Problem(verdict.reason, verdict.detail)
