"""The hook: parameters, prompts and tasks of an earlier run in place of the project's, and its plan or none."""

import logging
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from synthetic_textcat.datasets import KeptTasksDataset
from synthetic_textcat.datasets.locations import shown_place
from synthetic_textcat.errors import EarlierRunError, ParameterError
from synthetic_textcat.hooks.rebuild.differences import differences
from synthetic_textcat.hooks.rebuild.entries import kept_entries, tasks_entry
from synthetic_textcat.hooks.rebuild.parameters import changes_of_plan, rebuilt_parameters
from synthetic_textcat.hooks.tracking.kept import KeptRun, kept_run
from synthetic_textcat.hooks.tracking.source import source_tags
from synthetic_textcat.schemas.parameter_check import validate_parameters
from synthetic_textcat.schemas.rows import PLAN_VERSION, plan_sha256

logger = logging.getLogger(__name__)


class Rebuild:
    """Puts an earlier run in place of the project's files, where `from_run` names one; else it does nothing.

    Nothing of the project's is overwritten: configuration and catalog entries are changed in memory, before anyone
    has read them.
    """

    def __init__(self) -> None:
        self._run: KeptRun | None = None
        self._changes: list[str] = []
        self._lacking: dict[str, EarlierRunError] = {}

    def rebuilt_from(self) -> str | None:
        """The id of the earlier run; None if there is none."""
        return self._run.run_id if self._run else None

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Replaces parameters and catalog entries.

        Raises:
            EarlierRunError: If the run, or its parameters, can't be had.
        """
        self._run, self._changes, self._lacking = None, [], {}
        loader = context.config_loader
        project = loader["parameters"]
        if project.get("from_run") is None:
            return
        run = kept_run(context.project_path, str(project["from_run"]))
        kept = run.parameters()
        _refuse_unknown(run, {**project, **kept})
        now = rebuilt_parameters(project, kept, loader.runtime_params or {})
        loader["parameters"] = now
        entries, self._lacking = kept_entries(run, loader["catalog"])
        loader["catalog"] = {**loader["catalog"], **entries}
        self._run, self._changes = run, changes_of_plan(kept, now)
        tags = {"env": context.env or "local", **source_tags(context.project_path)}
        if found := list(differences(run, kept, now, tags)):
            logger.warning("Not as in run %s: %s", run.name, "; ".join(found))

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Makes sure of all that this pipeline reads of the earlier run.

        Raises:
            EarlierRunError: If a file is missing, or the plan on disk is not the run's.
        """
        if self._run is None:
            return
        read = pipeline.inputs()
        if lacking := sorted(read & self._lacking.keys()):
            raise self._lacking[lacking[0]]
        if "requests" in read:
            place = shown_place(catalog.get("requests"))
            self._compare(
                catalog.load("requests"),
                f"{place} holds another. Next: run attribute_sampling with the same from_run first",
            )
        if "tasks" in read:  # so that later stages find on disk what the plan was made of
            catalog.save("tasks", KeptTasksDataset(filepath=tasks_entry(self._run)["filepath"]).load().table)

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Compares the plan with the earlier one, before it is on disk and before anything is asked.

        Raises:
            EarlierRunError: If it differs, and no parameter was set that would make it differ.
        """
        if self._run is not None and dataset_name.rpartition(".")[2] == "requests":
            self._compare(data, f"the code that plans has changed since. Next: check out commit {_commit(self._run)}")

    def _compare(self, requests: Any, otherwise: str) -> None:
        assert self._run is not None
        name, then, now = self._run.name, self._run.tags.get("plan_sha256"), plan_sha256(requests)
        if then is None:
            logger.warning("Run %s keeps no plan_sha256, so this plan can't be compared with its plan", name)
        elif then == now:
            logger.info("The plan is that of run %s, row by row (sha256 %s)", name, now[:12])
        elif self._changes:
            logger.warning("The plan is not that of run %s, as asked for: %s", name, ", ".join(self._changes))
        else:
            version = self._run.tags.get("plan_version", "1")
            if version != str(PLAN_VERSION):
                otherwise = (
                    f"that was drawn by version {version} of the plan's rules, and this code draws by version "
                    f"{PLAN_VERSION}. Next: check out commit {_commit(self._run)}, or start from these parameters anew"
                )
            raise EarlierRunError(
                f"This plan (sha256 {now[:12]}) is not that of run {name} ({then[:12]}): {otherwise}; nothing was asked"
            )


def _refuse_unknown(run: KeptRun, parameters: dict[str, Any]) -> None:
    try:
        validate_parameters(parameters)
    except ParameterError as error:
        raise EarlierRunError(
            f"Run {run.name} has parameters that this version of the project does not take: {error}. Next: check out "
            f"commit {_commit(run)}"
        ) from None


def _commit(run: KeptRun) -> str:
    return run.tags.get("mlflow.source.git.commit", "of that run")[:12]
