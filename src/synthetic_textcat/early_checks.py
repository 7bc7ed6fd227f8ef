"""Early checks: parameters and tasks file, validated before a run imports the model, MLflow or any pipeline.

A typo is the most common error, and those imports take seconds. Hooks and nodes check the same again: they also serve
`session.run`, remote files and the tasks of an earlier run, which are left to them.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kedro.config import AbstractConfigLoader, MissingConfigException
from kedro.framework.project import settings
from kedro.utils import find_kedro_project

from synthetic_textcat.datasets.user_files import TasksFileDataset
from synthetic_textcat.pipelines.task_ingest.tasks_file import read_tasks
from synthetic_textcat.redaction import learn_command_line, learn_credentials, learn_environment
from synthetic_textcat.schemas.parameters import Parameters, validate_parameters

READ_TASKS = frozenset({"__default__", "generate", "preview", "quote", "task_ingest"})
"""Pipelines that read the tasks file. The registry would know, but is among what takes seconds; a test compares."""

_SLICES = ("tags", "node_names", "from_nodes", "to_nodes", "from_inputs", "to_outputs", "namespaces")
_LOCAL = {"type", "filepath", "metadata"}
"""Keys of a catalog entry whose file can be read without a file system to set up."""


def check_early(options: Mapping[str, Any]) -> None:
    """Validates what a run reads first.

    Args:
        options: Those of `kedro run`, by name.

    Raises:
        ParameterError: With one line for the wrong keys and values.
        TasksFileError: For the first wrong entry.
    """
    project = Path(find_kedro_project(Path.cwd()) or Path.cwd())
    loader = settings.CONFIG_LOADER_CLASS(
        conf_source=options["conf_source"] or str(project / settings.CONF_SOURCE),
        env=options["env"] or os.getenv("KEDRO_ENV"),
        runtime_params=options["params"],
        **settings.CONFIG_LOADER_ARGS,
    )
    _learn_secrets(loader)
    raw = loader["parameters"]
    if raw.get("from_run") is not None:  # another run's parameters and tasks take the place of these
        return
    parameters = validate_parameters(raw)
    asked = options["pipelines"] or [options["pipeline"] or "__default__"]
    if READ_TASKS.issuperset(asked) and not any(options[name] for name in (*_SLICES, "only_missing_outputs")):
        _check_tasks(loader["catalog"].get("tasks_file"), project, parameters)


def _learn_secrets(loader: AbstractConfigLoader) -> None:
    """Learns what an error could quote; the catalog's secrets are in no parameter."""
    learn_environment()
    learn_command_line()
    with suppress(MissingConfigException):
        learn_credentials(loader["credentials"], "")


def _check_tasks(entry: Any, project: Path, parameters: Parameters) -> None:
    if not isinstance(entry, Mapping) or not entry.keys() <= _LOCAL or "://" in str(entry.get("filepath", "://")):
        return
    if not str(entry.get("type")).endswith(f".{TasksFileDataset.__name__}"):
        return
    file = TasksFileDataset(filepath=(project / str(entry["filepath"])).as_posix()).load()
    read_tasks(file.content, file.path, may_be_empty=parameters.task_ingest.num_brainstormed > 0)
