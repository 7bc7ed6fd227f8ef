"""Results of a run in MLflow: tracked datasets, lineage by file hash, and versions of prompts."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

import yaml

from synthetic_textcat.datasets.fsspec_place import Place
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.tracking.catalog_metadata import TrackedDataset, metrics_of, tags_of
from synthetic_textcat.hooks.tracking.guard import Guard
from synthetic_textcat.hooks.tracking.run_log import RunLog, log_file
from synthetic_textcat.hooks.tracking.run_lookup import NEWEST_FIRST

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Run
    from mlflow.entities.model_registry import Prompt, PromptVersion
    from pandas import DataFrame

_SCHEMA_ROWS = 1000
"""Rows used to infer the schema: over all rows, nested columns cost MLflow 9 s at 200,000 rows."""

_DIGEST_LENGTH = 32
"""MLflow accepts at most 36 characters. Its own digest ignores list columns and all rows after 10,000."""

_PARENT = "mlflow.parentRunId"
"""MLflow's tag that nests a run under another."""

Template = str | list[dict[str, str]]

_PREFIX = "synthetic-textcat"
_EXPERIMENTS_TAG = "_mlflow_experiment_ids"
"""MLflow's tag by which an experiment's page finds its prompts: comma-separated ids with leading and trailing comma."""

_LINKED_TAG = "mlflow.linkedPrompts"
"""MLflow's tag that links a run to its prompts. The linking API uses the global tracking URI, so it is not used."""

_ROLES = {"human": "user", "ai": "assistant"}


def record_results(log: RunLog, guard: Guard, tracked: Sequence[TrackedDataset], project: Path, step: int) -> None:
    """Records metrics (at this step) and tags, then dataset inputs, prompts and files."""
    record_values(log, guard, tracked, step)
    _record_inputs(log, guard, [item for item in tracked if item.metadata.input is not None], project)
    record_prompts(log, guard, [item for item in tracked if item.metadata.prompt])
    for item in tracked:
        guard.attempt(f"the file of '{item.name}'", partial(log_file, log, item))


def record_values(log: RunLog, guard: Guard, tracked: Sequence[TrackedDataset], step: int) -> None:
    """Records metrics (at this step) and tags."""
    metrics: dict[str, float] = {}
    tags: dict[str, str] = {}
    for item in tracked:
        metrics |= guard.attempt(f"the metrics of '{item.name}'", partial(metrics_of, item)) or {}
        tags |= guard.attempt(f"the tags of '{item.name}'", partial(tags_of, item)) or {}
        if item.metadata.parent and not item.saved:
            tags |= guard.attempt("its parent", partial(parent_tags, log, item)) or {}
    if metrics or tags:
        guard.attempt("its metrics and tags", lambda: log.batch(metrics=metrics, tags=tags, step=step))


def _record_inputs(log: RunLog, guard: Guard, tracked: Sequence[TrackedDataset], project: Path) -> None:
    found = (guard.attempt(f"the input '{item.name}'", partial(dataset_input, item, project)) for item in tracked)
    inputs = [entity for entity in found if entity is not None]
    if inputs:
        guard.attempt("its inputs", lambda: log.client.log_inputs(log.run_id, inputs))


def record_prompts(log: RunLog, guard: Guard, tracked: Sequence[TrackedDataset]) -> dict[str, int]:
    """Registers prompts and links them to the run; returns their versions by name."""
    versions: dict[str, PromptVersion] = {}
    for item in tracked:
        version = guard.attempt(f"the prompt '{item.name}'", partial(register, log, item))
        if version is not None:
            versions[item.name] = version
    if versions:
        guard.attempt("its prompts", lambda: log.batch(tags=link_tags(versions)))
    return {name: int(version.version) for name, version in versions.items()}


def dataset_input(item: TrackedDataset, project: Path) -> "DatasetInput | None":
    """Dataset input for MLflow: schema and size of a data frame, source and digest of anything else.

    The full sha256 becomes a tag. None if an optional file is absent.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    head, rows = _head(item)
    if head is None:
        return None
    source = _relative(item.place, project) if item.place else item.name
    fields = {
        "name": item.name,
        "digest": (item.sha256 or "unknown")[:_DIGEST_LENGTH],
        "source_type": "local",
        "source": json.dumps({"uri": source}),
    }
    if rows is not None:
        fields |= _frame(head, rows, source)
    tags = [InputTag("mlflow.data.context", str(item.metadata.input))]
    return DatasetInput(Dataset(**fields), [*tags, InputTag("sha256", item.sha256)] if item.sha256 else tags)


def _head(item: TrackedDataset) -> tuple[Any, int | None]:
    """First rows and number of rows; a table of rows is not read further, since a plan may have a million rows.

    Content other than a table is returned whole, without a number.
    """
    from pandas import DataFrame

    from synthetic_textcat.tables import RowTable, StoredTable

    file = item.file
    is_table = file is not None and file.suffix == ".parquet" and file.is_file()
    data = StoredTable([file]) if is_table and file else item.dataset.load()
    return (data.head(_SCHEMA_ROWS), len(data)) if isinstance(data, DataFrame | RowTable) else (data, None)


def _frame(head: "DataFrame", rows: int, source: str) -> dict[str, str]:
    from mlflow.data.pandas_dataset import from_pandas

    entity = from_pandas(head, source=source, digest="unused").to_dict()
    profile = json.dumps({"num_rows": rows, "num_elements": rows * len(head.columns)})
    return {**{name: entity[name] for name in ("source", "source_type", "schema")}, "profile": profile}


def _relative(place: Place, project: Path) -> str:
    path = Path(place.path)
    if not place.is_local:
        return place.shown
    return path.relative_to(project).as_posix() if path.is_relative_to(project) else path.as_posix()


def parent_tags(log: RunLog, item: TrackedDataset) -> dict[str, str]:
    """Tag that nests this run under the last run of `generate` that wrote the same bytes; empty if there is none."""
    writer = _last(log.client, log.experiment_id, item.name, item.sha256, "tags.pipeline = 'generate'")
    return {} if writer is None else {_PARENT: writer.info.run_id}


def evaluation_of(client: "MlflowClient", run: "Run") -> "Run | None":
    """Last finished run of `evaluate` on the rows that this run wrote; None if there is none."""
    return _last_on_its_rows(client, run, "evaluate")


def label_check_of(client: "MlflowClient", run: "Run") -> "Run | None":
    """Last finished run of `label_check` that left the rows as this run wrote them; None if there is none."""
    return _last_on_its_rows(client, run, "label_check")


def _last_on_its_rows(client: "MlflowClient", run: "Run", pipeline: str) -> "Run | None":
    filters = f"attributes.status = 'FINISHED' AND tags.pipeline LIKE '%{pipeline}%'"
    sha256 = run.data.tags.get("sha256.examples")
    return _last(client, run.info.experiment_id, names.EXAMPLES, sha256, filters)


def _last(client: "MlflowClient", experiment_id: str, name: str, sha256: str | None, filters: str) -> "Run | None":
    if sha256 is None:
        return None
    query = f"{filters} AND tags.`sha256.{name}` = '{sha256}'"
    runs: list[Run] = client.search_runs([experiment_id], query, max_results=1, order_by=NEWEST_FIRST)
    return runs[0] if runs else None


def template_of(text: str) -> Template:
    """Prompt file converted to the registry's form: messages, or one text; `{name}` becomes `{{name}}`.

    Accepts a list of messages (`role` and `content`, or pairs), such a list under `messages`, a text under `template`,
    and a mapping role -> text. Any other file is registered as plain text.
    """
    content = yaml.safe_load(text)
    if isinstance(content, Mapping):
        content = content.get("messages", content.get("template", list(content.items())))
    if isinstance(content, str):
        return _double_braces(content)
    messages = [_message(entry) for entry in content] if isinstance(content, list) else []
    understood = [message for message in messages if message is not None]
    return understood if understood and len(understood) == len(messages) else text


def register(log: RunLog, item: TrackedDataset) -> "PromptVersion | None":
    """Registered version of this prompt: the first version with the same text, otherwise a new one.

    Another run may register the same prompt at the same time: then both get the version that came first.
    """
    if item.content is None:
        return None
    client, name = log.client, f"{_PREFIX}.{re.sub(r'[^a-zA-Z0-9_.-]', '_', item.name)}"
    template = template_of(item.content.decode())
    prompt = client.get_prompt(name) or _create(log, name)
    version: PromptVersion | None = None
    if prompt is not None:
        _show_in_experiment(log, prompt)
        version = _find(client, name, template)
    if version is None:
        created = client.create_prompt_version(name, template)
        version = _find(client, name, template) or created
    return version


def link_tags(versions: "Mapping[str, PromptVersion]") -> dict[str, str]:
    """Tags that link a run to its prompts: MLflow's own, and `prompt.<dataset>` = the version's URI."""
    links = [{"name": version.name, "version": str(version.version)} for version in versions.values()]
    uris = {f"prompt.{name}": f"prompts:/{version.name}/{version.version}" for name, version in versions.items()}
    return {_LINKED_TAG: json.dumps(links)} | uris if links else {}


def _show_in_experiment(log: RunLog, prompt: "Prompt") -> None:
    known = [known for known in prompt.tags.get(_EXPERIMENTS_TAG, "").split(",") if known]
    if log.experiment_id not in known:
        log.client.set_prompt_tag(prompt.name, _EXPERIMENTS_TAG, f",{','.join([*known, log.experiment_id])},")


def _create(log: RunLog, name: str) -> "Prompt | None":
    """Creates the prompt; returns it only if another run has created it meanwhile."""
    from mlflow.exceptions import MlflowException

    try:
        log.client.create_prompt(name, tags={_EXPERIMENTS_TAG: f",{log.experiment_id},"})
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        found: Prompt | None = log.client.get_prompt(name)
        return found
    return None


def _find(client: "MlflowClient", name: str, template: Template) -> "PromptVersion | None":
    """First version with this template."""
    versions: Iterable[PromptVersion] = client.search_prompt_versions(name)
    same = {int(version.version): version for version in versions if version.template == template}
    return same[min(same)] if same else None


def _message(entry: object) -> dict[str, str] | None:
    """Message of a prompt file, written as `{role, content}` or a pair; None for anything else."""
    match entry:
        case {"role": str(role), "content": str(content)}:
            pass
        case [str(role), str(content)]:
            pass
        case _:
            return None
    return {"role": _ROLES.get(role, role), "content": _double_braces(content)}


def _double_braces(text: str) -> str:
    """Format string converted to the registry's syntax: `{name}` to `{{name}}`, `{{` to `{`; other texts unchanged."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return text
    return "".join(literal + ("" if field is None else f"{{{{{field}}}}}") for literal, field, _, _ in parts)
