"""Rebuild hook: `--params from_run=<id or name>` runs from the files that MLflow keeps of an earlier run.

That run's parameters, prompts and tasks replace the project's; `--params` comes before both. Differences in model,
environment, code and packages are reported.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from synthetic_textcat.datasets import KeptTasksDataset
from synthetic_textcat.datasets.stored import shown_place
from synthetic_textcat.errors import EarlierRunError, ParameterError
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.hooks.tracking.catalog_metadata import raw_metadata
from synthetic_textcat.hooks.tracking.description import source_tags
from synthetic_textcat.hooks.tracking.run_artifacts import EarlierRun, load_earlier_run
from synthetic_textcat.hooks.tracking.run_log import REBUILD
from synthetic_textcat.schemas.parameters import validate_parameters
from synthetic_textcat.schemas.rows import PLAN_VERSION, plan_sha256

logger = logging.getLogger(__name__)

_MOST_PACKAGES = 5
_COMMIT = "mlflow.source.git.commit"
_TASKS = "tasks.parquet"
_ROUNDS = "rounds.json"
_MADE = {names.TASKS, names.PLAN_SHA256, names.ROUNDS}
"""Kept for rebuilding, but made by each run anew."""

_OF_THE_FILE_ITSELF = {"credentials", "fs_args", "versioned"}

Entry = dict[str, Any]

_PLAN = ("seed", "attribute_sampling")
"""What the plan is a function of, beside the tasks."""


class Rebuild:
    """Puts an earlier run in place of the project's files, where `from_run` names one; else it does nothing.

    Nothing of the project's is overwritten: configuration and catalog entries are changed in memory, before anyone
    has read them.
    """

    def __init__(self, notes: RunNotes) -> None:
        self._notes = notes
        self._run: EarlierRun | None = None
        self._changes: list[str] = []
        self._lacking: dict[str, EarlierRunError] = {}

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Replaces parameters and catalog entries.

        Raises:
            EarlierRunError: If the run, or its parameters, can't be had.
        """
        self._run, self._changes, self._lacking, self._notes.rebuilt_from = None, [], {}, None
        loader = context.config_loader
        project = loader["parameters"]
        if project.get("from_run") is None:
            return
        run = load_earlier_run(context.project_path, str(project["from_run"]))
        kept = run.parameters()
        _refuse_unknown(run, {**project, **kept})
        now = rebuilt_parameters(project, kept, loader.runtime_params or {})
        loader["parameters"] = now
        entries, self._lacking = kept_entries(run, loader["catalog"])
        loader["catalog"] = {**loader["catalog"], **entries}
        self._run, self._notes.rebuilt_from, self._changes = run, run.run_id, changes_of_plan(kept, now)
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
        if names.REQUESTS in read:
            place = shown_place(catalog.get(names.REQUESTS))
            self._compare(
                catalog.load(names.REQUESTS),
                f"{place} holds another. Next: run attribute_sampling with the same from_run first",
            )
        if names.TASKS in read:  # so that later stages find on disk what the plan was made of
            catalog.save(names.TASKS, KeptTasksDataset(filepath=tasks_entry(self._run)["filepath"]).load().table)

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
    """Each difference in a few words, then and now.

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


def kept_entries(run: EarlierRun, catalog: Mapping[str, Any]) -> tuple[dict[str, Entry], dict[str, EarlierRunError]]:
    """The catalog's entries for what a user writes (tasks file, domains, prompts) with the run's files in their place.

    Returns:
        The entries, and for those that can't be had what is to be said once someone reads them.
    """
    entries: dict[str, Entry] = {}
    lacking: dict[str, EarlierRunError] = {}
    for name, entry in catalog.items():
        try:
            if name == names.TASKS_FILE:
                entries[name] = tasks_entry(run) | {"metadata": entry.get("metadata")}
            elif _is_written_by_the_user(name, entry):
                usual = {key: value for key, value in entry.items() if key not in _OF_THE_FILE_ITSELF}
                entries[name] = usual | {"filepath": run.file_of(name).as_posix()}
        except EarlierRunError as error:
            lacking[name] = error
    entries |= _quota_entries(run)
    try:
        run.file(_TASKS)
    except EarlierRunError as error:
        lacking[names.TASKS] = error
    return entries, lacking


def _quota_entries(run: EarlierRun) -> dict[str, Entry]:
    """The rounds of the run's quota, if it had one; what the project's own last pass lacked counts for nothing."""
    _make_given(run.folder / _ROUNDS)
    found = {names.PREVIOUS_ROUNDS: run.folder / _ROUNDS, names.PREVIOUS_SHORTFALL: run.folder / "shortfall.json"}
    return {
        name: {
            "type": "synthetic_textcat.datasets.OptionalDataset",
            "dataset": {"type": "synthetic_textcat.datasets.FileDataset", "filepath": path.as_posix()},
        }
        for name, path in found.items()
    }


def _make_given(rounds: Path) -> None:
    """Marks the rounds as planned already: by whatever model, prompts and target, they are not begun anew."""
    if rounds.is_file():
        content = json.loads(rounds.read_text(encoding="utf-8"))
        given = content | {"asked_with": None, "target": None} if content else content
        rounds.write_text(json.dumps(given), encoding="utf-8")


def tasks_entry(run: EarlierRun) -> Entry:
    """The entry of the run's tasks."""
    return {"type": "synthetic_textcat.datasets.KeptTasksDataset", "filepath": run.file(_TASKS).as_posix()}


def _is_written_by_the_user(name: str, entry: object) -> bool:
    marks = raw_metadata(entry.get("metadata")) if isinstance(entry, Mapping) else {}
    return bool(marks.get("prompt")) or (marks.get("artifact") == REBUILD and name not in _MADE)


def rebuilt_parameters(project: Mapping[str, Any], kept: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of the rebuilt run.

    A block of the earlier run replaces the project's whole: what a mapping of weights says must not be mixed. Blocks
    that were unknown then are the project's; `from_run` is this run's own.
    """
    return over(asked, {**project, **kept, "from_run": project["from_run"]})


def over(top: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """The one laid over the other, block by block, as Kedro does with `--params`."""
    merged = dict(below)
    for name, value in top.items():
        under = merged.get(name)
        merged[name] = over(value, under) if isinstance(value, Mapping) and isinstance(under, Mapping) else value
    return merged


def changes_of_plan(kept: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """`block.name=value` for each parameter of the plan that is not as it was."""
    before, after = dict(_of_plan(kept)), dict(_of_plan(now))
    return [f"{name}={value}" for name, value in after.items() if name not in before or before[name] != value]


def _of_plan(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for block in _PLAN:
        content = parameters.get(block)
        if isinstance(content, Mapping):
            yield from ((f"{block}.{name}", value) for name, value in content.items())
        else:
            yield block, content
