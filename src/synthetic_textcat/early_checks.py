"""Early checks: parameters, tasks and the model's key, validated before a run reads or writes anything.

A typo is the most common error, so it is found before MLflow and the pipelines are imported, which takes seconds. Hooks
and nodes check the same again: they also serve `session.run`, remote files and the tasks of an earlier run, which are
left to them.
"""

import asyncio
import logging
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from kedro.config import AbstractConfigLoader, MissingConfigException
from kedro.framework.project import settings
from kedro.utils import find_kedro_project

from synthetic_textcat.datasets.user_files import ConfusableFileDataset, TasksFileDataset
from synthetic_textcat.errors import ModelSetupError, TasksFileError
from synthetic_textcat.llm.local_server.gguf import chat_header
from synthetic_textcat.pipelines.attribute_sampling.plan import own_attributes
from synthetic_textcat.pipelines.attribute_sampling.quota_columns import refuse_unknown_columns
from synthetic_textcat.pipelines.attribute_sampling.quota_slots import QuotaSlots
from synthetic_textcat.pipelines.attribute_sampling.several_labels import joint_labels_of
from synthetic_textcat.pipelines.quality_report.checks.everyday_labels import warnings_about_everyday_labels
from synthetic_textcat.pipelines.task_ingest.confusable_file import read_confusable
from synthetic_textcat.pipelines.task_ingest.tasks_file import read_tasks, rows_of
from synthetic_textcat.redaction import learn_command_line, learn_credentials, learn_environment
from synthetic_textcat.schemas.attributes import several_spellings
from synthetic_textcat.schemas.label_verdicts import reserved_labels_fault
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameter_validation import validate_parameters
from synthetic_textcat.schemas.parameters import LlmParameters, Parameters
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task

if TYPE_CHECKING:
    from synthetic_textcat.llm.chat_models.spec import ChatModelSpec

logger = logging.getLogger(__name__)

READ_TASKS = frozenset({"__default__", "generate", "preview", "quote", "task_ingest"})
"""Pipelines that read the tasks file. The registry would know, but is among what takes seconds; a test compares."""

PLAN = "attribute_sampling"
"""The pipeline that plans the rows, of the tasks file or of the tasks that are there."""

ASK_FOR_ROWS = frozenset({"__default__", "generate", "generation", "quote"})
"""Pipelines that ask the model for rows; those that read the tasks file ask it for tasks too. A test compares."""

ASK_JUDGE = frozenset({"__default__", "generate", "label_check", "quote"})
"""Pipelines that may ask the judge. A test compares."""

_SLICES = ("tags", "node_names", "from_nodes", "to_nodes", "from_inputs", "to_outputs", "namespaces")

_REAL_ANSWER = re.compile(rb'"model_name":\s*"(?!%s")' % OFFLINE_MODEL.encode())
"""Part of a journal line: text within its strings has escaped quotes."""

_LOCAL = {"type", "filepath", "metadata", "save_args"}
"""Keys of a catalog entry whose file can be read without a file system to set up."""


def check_early(options: Mapping[str, Any]) -> None:
    """Validates what a run reads first.

    Args:
        options: Those of `kedro run`, by name.

    Raises:
        ParameterError: With one line for the wrong keys and values.
        TasksFileError: For the first wrong entry.
        ConfusableFileError: For the first wrong entry of the file of confusable labels.
        ModelSetupError: If the model will be asked and can't be built, as without a key or without its file. With
            answers of a real model in the journal this is left to the first call, since there may be none.
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
    if any(options[name] for name in (*_SLICES, "only_missing_outputs")):
        return
    asks_for_tasks = parameters.task_ingest.num_brainstormed > 0 and "task_ingest" in asked
    asks = asks_for_tasks or bool(ASK_FOR_ROWS.intersection(asked))
    asks_judge = bool(ASK_JUDGE.intersection(asked)) and bool(parameters.label_check.share or "label_check" in asked)
    reads_tasks = bool(READ_TASKS.intersection(asked))
    is_needed = reads_tasks or asks or asks_judge or PLAN in asked
    catalog = loader["catalog"] if is_needed else {}  # read once: a tenth of a second each time
    if reads_tasks:
        _check_tasks(catalog, project, parameters)
    elif PLAN in asked:
        _warn_of_everyday_labels(_known_tasks(catalog, project), parameters)
    if asks_judge:
        _check_judge(catalog, project, parameters)
    if asks:
        if parameters.generation.mode == "batch" and "quote" not in asked:
            _check_batches(catalog.get("llm"))
        try:
            _check_model(catalog.get("llm"), parameters.llm)
        except ModelSetupError:
            if not _has_answers(catalog.get("completions"), project):
                raise


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
    if parameters.label_check.share and (fault := reserved_labels_fault(tasks)):
        raise TasksFileError(fault)
    _check_columns(tasks, parameters, is_brainstormed)
    _warn_of_spellings(tasks, parameters)
    _warn_of_everyday_labels(tasks, parameters)
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


def _known_tasks(catalog: Mapping[str, Any], project: Path) -> Sequence[Task]:
    """The tasks that an earlier run has left on this machine; none if there are none."""
    from synthetic_textcat.datasets import TableDataset

    place = _local_file(catalog.get("tasks"), TableDataset, project)
    return tasks_of(pd.read_parquet(place)) if place is not None and place.is_file() else ()


def _warn_of_everyday_labels(tasks: Sequence[Task], parameters: Parameters) -> None:
    for line in warnings_about_everyday_labels(tasks, parameters.attribute_sampling):
        logger.warning("%s", line, extra={"markup": False})  # Kedro's log would take `[label]` for a colour


def _warn_of_spellings(tasks: Sequence[Task], parameters: Parameters) -> None:
    """Warns of a value that a choice names twice, as `de` and `German`: it has the weights of both."""
    for place, choices in (("attribute_sampling", parameters.attribute_sampling), *((shown(x.task), x) for x in tasks)):
        for attribute in ATTRIBUTES:
            for name, written in several_spellings(attribute, getattr(choices, attribute)).items():
                line = (
                    f"{place}: {attribute} names {name} as {' and '.join(written)}: one value, with all their weights"
                )
                logger.warning("%s", line, extra={"markup": False})


def _check_columns(tasks: list[Task], parameters: Parameters, is_brainstormed: bool) -> None:
    """Checks the names of own attributes, linked pairs of labels, and the columns and values of a quota's cells.

    Brainstormed tasks have no own attributes, but they are values of a cell column.
    """
    sampling, table = parameters.attribute_sampling, pd.DataFrame(rows_of(tasks), columns=[*TASKS_ARROW_SCHEMA.names])
    own = own_attributes(table, sampling)
    for task in tasks:
        if task.together:
            joint_labels_of(task)
    if sampling.target_accepted is None:
        return
    refuse_unknown_columns(sampling, own)
    if not is_brainstormed:
        QuotaSlots(table, sampling, parameters.seed)


def _check_judge(catalog: Mapping[str, Any], project: Path, parameters: Parameters) -> None:
    """Checks that the judge can be built, before rows are paid for that it is to be asked about."""
    own = parameters.label_check.llm is not None
    entry = catalog.get("judge" if own else "llm")
    if own and not isinstance(entry, Mapping):
        raise ModelSetupError(
            "label_check.llm is set, and the catalog has no entry judge. Next: add one, as conf/base/catalog_genai.yml "
            "has, or set label_check.llm to null"
        )
    from synthetic_textcat.llm.chat_models.spec import as_of_judge

    try:
        _check_model(entry, parameters.label_check.judge(parameters.llm), is_judge=own)
    except ModelSetupError as error:
        if not _has_answers(catalog.get("verdict_completions"), project):
            raise ModelSetupError(as_of_judge(str(error)) if own else str(error)) from None


def _has_answers(entry: Any, project: Path) -> bool:
    """Whether a journal on this machine has answers of a real model, so that the run may have nothing left to ask.

    Only the plan and its prompts tell whether it has them all. The model is built before the first call, so a run that
    lacks an answer still ends before it asks.
    """
    from synthetic_textcat.datasets import JournalDataset

    place = _local_file(entry, JournalDataset, project)
    if place is None or not place.is_file():
        return False
    with place.open("rb") as lines:
        return any(map(_REAL_ANSWER.search, lines))


def _check_model(entry: Any, llm: LlmParameters, is_judge: bool = False) -> None:
    """Checks that the model of the catalog entry can be built with these settings, and without a request.

    Only a class itself knows its variables. So it is built here, on an event loop as in a run; ChatOpenAI's are known,
    and its package, which takes a second to import, is left to the first call.
    """
    if llm.gguf is not None:
        chat_header(llm.gguf)
    if not isinstance(entry, Mapping) or not str(entry.get("type")).endswith(".ChatModelDataset"):
        return
    from synthetic_textcat.llm.chat_models.spec import ChatModelSpec

    spec = ChatModelSpec(str(entry.get("class_path")), entry.get("kwargs") or {})
    if is_judge:  # the writer's first call reports this, but rows are paid for before the judge's first call
        spec.check_model_name(llm)
    if not spec.is_offline and not spec.check_unbuilt():
        asyncio.run(_build(spec, llm))


def _check_batches(entry: Any) -> None:
    """Checks that the model's class has batches, before anything is planned.

    Raises:
        BatchError: If it has none.
    """
    from synthetic_textcat.llm.batches.classes import check_batch_class

    if isinstance(entry, Mapping) and entry.get("class_path"):
        check_batch_class(str(entry["class_path"]))


async def _build(spec: "ChatModelSpec", llm: LlmParameters) -> None:
    spec.build(llm)


def _local_file(entry: Any, wanted: type, project: Path) -> Path | None:
    """Place of an entry's file, if it is on this machine and read by the class of this project."""
    if not isinstance(entry, Mapping) or not entry.keys() <= _LOCAL or "://" in str(entry.get("filepath", "://")):
        return None
    return project / str(entry["filepath"]) if str(entry.get("type")).endswith(f".{wanted.__name__}") else None
