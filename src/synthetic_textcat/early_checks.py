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

from synthetic_textcat.datasets.user_files import ConfusableFileDataset, TasksFileDataset
from synthetic_textcat.llm.local_server.gguf import chat_header
from synthetic_textcat.pipelines.task_ingest.confusable_file import read_confusable
from synthetic_textcat.pipelines.task_ingest.tasks_file import read_tasks
from synthetic_textcat.redaction import learn_command_line, learn_credentials, learn_environment
from synthetic_textcat.schemas.parameters import Parameters, validate_parameters

READ_TASKS = frozenset({"__default__", "generate", "preview", "quote", "task_ingest"})
"""Pipelines that read the tasks file. The registry would know, but is among what takes seconds; a test compares."""

_READ_MODEL = READ_TASKS | {"attribute_sampling", "generation"}
"""Pipelines that hash or ask the model."""

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
        ConfusableFileError: For the first wrong entry of the file of confusable labels.
        ModelSetupError: If `llm.gguf` is no chat model.
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
    if parameters.llm.gguf is not None and not _READ_MODEL.isdisjoint(asked):
        chat_header(parameters.llm.gguf)
    if READ_TASKS.issuperset(asked) and not any(options[name] for name in (*_SLICES, "only_missing_outputs")):
        _check_tasks(loader["catalog"], project, parameters)


def _learn_secrets(loader: AbstractConfigLoader) -> None:
    """Learns what an error could quote; the catalog's secrets are in no parameter."""
    learn_environment()
    learn_command_line()
    with suppress(MissingConfigException):
        learn_credentials(loader["credentials"], "")


def _check_tasks(catalog: Mapping[str, Any], project: Path, parameters: Parameters) -> None:
    is_brainstormed = parameters.task_ingest.num_brainstormed > 0
    place = _local_file(catalog.get("tasks_file"), TasksFileDataset, project)
    if place is None:
        return
    file = TasksFileDataset(filepath=place.as_posix()).load()
    tasks = read_tasks(file.content, file.path, may_be_empty=is_brainstormed)
    optional = catalog.get("confusable_file")
    inner = optional.get("dataset") if isinstance(optional, Mapping) else None
    place = _local_file(inner, ConfusableFileDataset, project)
    if parameters.attribute_sampling.misleading_label == "even" or place is None or not place.exists():
        return
    labels = read_confusable(ConfusableFileDataset(filepath=place.as_posix()).load())
    if not is_brainstormed:
        labels.refuse_unknown(tasks)
    for task in tasks:
        labels.applied(task)


def _local_file(entry: Any, wanted: type, project: Path) -> Path | None:
    """Place of an entry's file, if it is on this machine and read by the class of this project."""
    if not isinstance(entry, Mapping) or not entry.keys() <= _LOCAL or "://" in str(entry.get("filepath", "://")):
        return None
    return project / str(entry["filepath"]) if str(entry.get("type")).endswith(f".{wanted.__name__}") else None
