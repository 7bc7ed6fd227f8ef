"""Rebuild hook: `--params from_run=<id or name>` runs from the files that MLflow keeps of an earlier run.

A configuration folder with that run's parameters, prompts and tasks takes the place of the project's for this run;
`--params` comes before both. Differences in model, environment, code and packages are reported.
"""

import logging
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from kedro.config import OmegaConfigLoader
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from synthetic_textcat.config_loader import CONF_SOURCE_VARIABLE
from synthetic_textcat.datasets import KeptTasksDataset
from synthetic_textcat.datasets.stored import shown_place
from synthetic_textcat.errors import EarlierRunError, ParameterError
from synthetic_textcat.file_errors import short_path
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.earlier_run_conf import TASKS, kept_entries, run_of_conf, write_conf
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.hooks.tracking.description import source_tags
from synthetic_textcat.hooks.tracking.run_artifacts import EarlierRun, load_earlier_run
from synthetic_textcat.schemas.parameter_validation import validate_parameters
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import PLAN_VERSION, plan_sha256

logger = logging.getLogger(__name__)

_MOST_PACKAGES = 5
_COMMIT = "mlflow.source.git.commit"
_PLAN = ("seed", "attribute_sampling")
"""Inputs of the plan besides the tasks."""


class Rebuild:
    """Runs from the configuration of an earlier run, where `from_run` names one; else it does nothing.

    `kedro run` and `session.run` both get here before parameters or catalog are read. No file of the project is
    overwritten.
    """

    def __init__(self, notes: RunNotes) -> None:
        self._notes = notes
        self._run: EarlierRun | None = None
        self._changes: list[str] = []
        self._lacking: dict[str, EarlierRunError] = {}

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Writes the configuration folder of the earlier run, and makes the loader read it in place of the project's.

        Raises:
            EarlierRunError: If the run, or its parameters, can't be had.
            StorageError: If the folder can't be written.
        """
        self._run, self._changes, self._lacking, self._notes.rebuilt_from = None, [], {}, None
        loader = context.config_loader
        assert isinstance(loader, OmegaConfigLoader)
        project = loader["parameters"]
        if project.get("from_run") is None:
            return
        asked = str(project["from_run"])
        written = run_of_conf(loader.conf_source, asked)
        run = written or load_earlier_run(context.project_path, asked)
        entries, self._lacking = kept_entries(run, loader["catalog"])
        if written is None:
            _refuse_unknown(run, {**project, **run.parameters()})
            loader.conf_source = str(write_conf(run, entries, loader, context.project_path))
            place = short_path(loader.conf_source)
            others = "kedro catalog resolve-patterns, or kedro viz run"
            logger.info("Configuration of run %s: %s=%s %s, shows it", run.name, CONF_SOURCE_VARIABLE, place, others)
        kept = run.parameters()
        now = loader["parameters"]
        self._run, self._notes.rebuilt_from, self._changes = run, run.run_id, changes_of_plan(kept, now)
        tags = {"env": context.env or "local", **source_tags(context.project_path)}
        if found := list(differences(run, kept, now, tags)):
            logger.warning("Not as in run %s: %s", run.name, "; ".join(found))

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Checks that all files of the earlier run that this pipeline reads are available.

        Raises:
            EarlierRunError: If a file is missing, or the plan on disk is not the run's.
        """
        if self._run is None:
            return
        read = pipeline.inputs()
        if lacking := sorted(read & self._lacking.keys()):
            raise self._lacking[lacking[0]]
        if names.REQUESTS in read:
            place = shown_place(catalog.get(names.REQUESTS))
            self._compare(
                catalog.load(names.REQUESTS),
                f"{place} holds another. Next: run attribute_sampling with the same from_run first",
            )
        if names.TASKS in read:  # so that later stages find the tasks of the plan on disk
            catalog.save(names.TASKS, KeptTasksDataset(filepath=self._run.file(TASKS).as_posix()).load().table)

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Compares the plan with the earlier one, before it is on disk and before anything is asked.

        Raises:
            EarlierRunError: If it differs, and no parameter was set that would make it differ.
        """
        if self._run is not None and dataset_name.rpartition(".")[2] == names.REQUESTS:
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


def _refuse_unknown(run: EarlierRun, parameters: dict[str, Any]) -> None:
    try:
        validate_parameters(parameters)
    except ParameterError as error:
        raise EarlierRunError(
            f"Run {run.name} has parameters that this version of the project does not take: {error}. Next: check out "
            f"commit {_commit(run)}"
        ) from None


def _commit(run: EarlierRun) -> str:
    return run.tags.get("mlflow.source.git.commit", "of that run")[:12]


def differences(
    run: EarlierRun, kept: Mapping[str, Any], now: Mapping[str, Any], tags: Mapping[str, str]
) -> Iterator[str]:
    """Differences between then and now, each in a few words.

    Args:
        run: The earlier run.
        kept: Its parameters.
        now: This run's parameters.
        tags: This run's `env` and `mlflow.source.git.commit`, the latter where there is one.
    """
    models = [(parameters.get("llm") or {}).get("model") for parameters in (kept, now)]
    if models[0] != models[1]:
        yield f"model {models[0]} (now {models[1]})"
    if run.tags.get("env", tags["env"]) != tags["env"]:
        yield f"--env {run.tags['env']} (now {tags['env']})"
    commits = [found.get(_COMMIT, "")[:7] for found in (run.tags, tags)]
    if all(commits) and commits[0] != commits[1]:
        yield f"code {commits[0]} (now {commits[1]})"
    packages = list(_packages(run))
    yield from packages[:_MOST_PACKAGES]
    if len(packages) > _MOST_PACKAGES:
        yield f"{len(packages) - _MOST_PACKAGES} more packages"


def _packages(run: EarlierRun) -> Iterator[str]:
    """Packages in another version than the run's tags name, or else its constraints."""
    tagged = {name.removeprefix("version."): found for name, found in run.tags.items() if name.startswith("version.")}
    for name, then in sorted((_pinned(run) | tagged).items()):
        try:
            installed = version(name)
        except PackageNotFoundError:  # of an extra that is not installed
            continue
        if installed != then:
            yield f"{name} {then} (now {installed})"


def _pinned(run: EarlierRun) -> dict[str, str]:
    path = run.folder / "constraints.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return dict(filter(None, map(_pin, lines)))


def _pin(line: str) -> tuple[str, str] | None:
    """Name and version of a line `name==version`, if it is meant for this Python and machine."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        pinned = Requirement(line.partition("#")[0].strip())
    except InvalidRequirement:
        return None
    exact = [each.version for each in pinned.specifier if each.operator == "=="]
    return (pinned.name, exact[0]) if exact and (pinned.marker is None or pinned.marker.evaluate()) else None


def changes_of_plan(kept: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """`block.name=value` for each parameter of the plan that has changed."""
    usual = {"attribute_sampling": AttributeSamplingParameters().model_dump(mode="json")}  # of those added since
    before, after = {**dict(_of_plan(usual)), **dict(_of_plan(kept))}, dict(_of_plan(now))
    return [f"{name}={value}" for name, value in after.items() if name not in before or before[name] != value]


def _of_plan(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for block in _PLAN:
        content = parameters.get(block)
        if isinstance(content, Mapping):
            yield from ((f"{block}.{name}", value) for name, value in content.items())
        else:
            yield block, content
