"""Name, tags and description of a run: git commit, row counts, costs, next steps."""

import getpass
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, KeysView, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kedro.framework.context import KedroContext

from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.tracking.catalog_metadata import TAG_LIMIT, flatten
from synthetic_textcat.hooks.tracking.run_log import REBUILD, RunLog
from synthetic_textcat.hooks.tracking.run_lookup import NEWEST_FIRST
from synthetic_textcat.pages import render_markdown
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.cost_figures import figure_rows
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import ALL_VALUES
from synthetic_textcat.schemas.rows import PLAN_VERSION
from synthetic_textcat.schemas.stops import Stops
from synthetic_textcat.schemas.writers import writer_note

if TYPE_CHECKING:
    from mlflow.entities import Run

DESCRIPTION_TAG = "mlflow.note.content"

_RUN_PAGES = "workflowType=machine_learning"
"""MLflow's pages for runs with metrics; its default pages are for chat programs."""

DESCRIBED_DATASETS = (names.LEDGER, names.METRICS, names.CONCERNS, names.STOPPED_BY)
"""Datasets summarised in the description, if this run saved them."""

_FILES = {
    "the report": "quality_report.html",
    "the comparison": "comparison.html",
    "the outcome of each row": "outcomes.parquet",
    "some prompts": "prompt_preview.md",
    "all parameters": f"{REBUILD}/parameters.yml",
}
_MOST_CONCERNS = 5
_LONGEST = 300
_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|~$:@-])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_PACKAGES = ("kedro", "langchain-core", "langchain-openai", "openai", "mlflow")
_PLAN = "attribute_sampling"
_UNSET = ("null", "{}")
_PLANNING = frozenset({"generate", "quote", "preview", "attribute_sampling"})
"""Pipelines whose parameters say which rows are planned; the others read an earlier plan."""

_ASKING = frozenset({"generate", "quote", "generation", "task_ingest"})
"""Pipelines that may call the model."""

_OF_OTHER_RUNS = frozenset({"compare", "evaluate", "label_check", "label_sample", "publish"})
"""Pipelines about rows of earlier runs, which may be another model's than the one in the parameters."""

_COMMAND = ("git", "--no-optional-locks", "status", "--porcelain=v2", "--branch")
_OID = "# branch.oid "


@dataclass(frozen=True, kw_only=True)
class Ending:
    """End of a run.

    Attributes:
        status, reason: As recorded in MLflow.
        pipeline: Name of the pipeline.
        note: Note on the model that wrote the texts, if there is one.
        dataset: Location of the saved examples; None if the run saved none.
        saved: Content of the saved `DESCRIBED_DATASETS`.
    """

    status: str
    reason: str | None
    pipeline: str
    note: str | None
    dataset: str | None = None
    saved: Mapping[str, Any] = field(default_factory=dict)


def describe(log: RunLog, ending: Ending) -> str:
    """Description in Markdown, without generated texts; names and errors are escaped."""
    ledger = ending.saved.get(names.LEDGER) or {}
    page = f"#/experiments/{log.experiment_id}/runs/{log.run_id}"
    return render_markdown(
        __package__,
        "description.md.jinja",
        {"text": _escaped},
        banner=ending.note,
        status=ending.status,
        reason=ending.reason,
        stopped_by=str(ending.saved.get(names.STOPPED_BY) or "").strip(),
        ledger=list(_ledger_rows(ledger)),
        planned=ledger.get("planned"),
        accepted=ledger.get("accepted"),
        figures=list(figure_rows(ending.saved.get(names.METRICS) or {})),
        concerns=(ending.saved.get(names.CONCERNS) or [])[:_MOST_CONCERNS],
        files=[(name, f"{page}/artifacts/{quote(path)}?{_RUN_PAGES}") for name, path in _kept(log)],
        dataset=ending.dataset,
        previous=_previous(log) if ledger and ending.pipeline == "generate" else None,
        run_id=log.run_id,
        can_rebuild=ending.pipeline == "generate" and ending.status != "KILLED",
    ).strip()


def _ledger_rows(ledger: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for name in ("planned", "accepted", "rejected", "failed", "not_run", "surplus"):
        content = ledger.get(name)
        if isinstance(content, Mapping):
            yield from ((f"{name}, {cause.replace('_', ' ')}", rows) for cause, rows in content.items() if rows)
        elif content or (name != "surplus" and content is not None):
            yield name.replace("_", " "), content


def _kept(log: RunLog) -> Iterator[tuple[str, str]]:
    folders = {path.rpartition("/")[0] for path in _FILES.values()}
    there = {item.path for folder in folders for item in log.client.list_artifacts(log.run_id, folder or None)}
    yield from ((name, path) for name, path in _FILES.items() if path in there)


def _previous(log: RunLog) -> dict[str, str] | None:
    """Previous finished run of `generate`."""
    filters = "attributes.status = 'FINISHED' and tags.pipeline = 'generate'"
    runs: Sequence[Run] = log.client.search_runs([log.experiment_id], filters, max_results=2, order_by=NEWEST_FIRST)
    for run in runs:
        run_id = run.info.run_id
        if run_id != log.run_id:
            both = quote(json.dumps([run_id, log.run_id], separators=(",", ":")))
            page = f"#/compare-runs?runs={both}&experiments={quote(json.dumps([log.experiment_id]))}&{_RUN_PAGES}"
            return {"run_id": run_id, "name": run.info.run_name or run_id, "url": page}
    return None


def _escaped(value: object) -> str:
    """Value as one line, escaped for Markdown and HTML, with no address linked."""
    text = " ".join(redact(str(value))[:_LONGEST].split())
    plain = "".join(_ENTITIES.get(character, character) for character in text)
    return _MARKS.sub(r"\\\1", plain)


def run_name(run_params: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """Distinctive name of a run: time of day, rows and seed if they are planned, pipeline, model if it is asked.

    Tables of MLflow cut names after about 18 characters, so the differences come first.
    """
    pipelines = _pipelines(run_params)
    plans, asks = bool(pipelines & _PLANNING), bool(pipelines & _ASKING)
    rows, target = (_get(params, "attribute_sampling", name) for name in ("num_examples", "target_accepted"))
    if target is not None:  # num_examples has no effect then
        each, shared = _cell_columns(params)
        rows = "-".join([str(target), *(["per", *each] if each else []), *(["by", *shared] if shared else [])])
    seed = params.get("seed")
    parts = [
        time.strftime("%H%M%S"),
        f"n{rows}" if plans and rows is not None else None,
        f"s{seed}" if plans and seed is not None else None,
        pipeline_name(run_params),
        _get(params, "llm", "model") if asks else None,
    ]
    return "-".join(str(part) for part in parts if part is not None)


def _cell_columns(params: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Cell columns of a quota: columns whose values each have the whole target, and columns whose values share it."""
    per = _get(params, "attribute_sampling", "per") or "task"
    columns = [per] if isinstance(per, str) else list(per)
    weights = per if isinstance(per, Mapping) else {}
    shared = [name for name in columns if weights.get(name) not in (None, ALL_VALUES)]
    return [name for name in columns if name not in shared], shared


def without_unused(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters without `num_examples` where a quota replaces it."""
    if _get(params, "attribute_sampling", "target_accepted") is None:
        return dict(params)
    kept = {name: value for name, value in params["attribute_sampling"].items() if name != "num_examples"}
    return {**params, "attribute_sampling": kept}


def pipeline_name(run_params: Mapping[str, Any]) -> str:
    """Names of the pipelines of this run; the default is `generate`."""
    return "+".join(_pipelines(run_params))


def _pipelines(run_params: Mapping[str, Any]) -> KeysView[str]:
    names = run_params.get("pipeline_names") or ["__default__"]
    return dict.fromkeys("generate" if name == "__default__" else name for name in names).keys()


def start_tags(run_params: Mapping[str, Any], params: Mapping[str, Any], context: KedroContext) -> dict[str, str]:
    """Tags known before the first node: pipeline, environment, command, process, source, versions, user."""
    tags = {
        "pipeline": pipeline_name(run_params),
        **(_plan_tags(params) if _pipelines(run_params) & _PLANNING else {}),
        "plan_version": str(PLAN_VERSION),
        "env": context.env or "local",
        "command": redact(_command())[:TAG_LIMIT],
        "process": f"{socket.gethostname()}:{os.getpid()}",
        "mlflow.source.name": context.project_path.name,
        "mlflow.source.type": "LOCAL",
        **source_tags(context.project_path),
        **_versions(),
        **_user(),
    }
    if (target := _get(params, "attribute_sampling", "target_accepted")) is not None:
        each, shared = _cell_columns(params)
        per = f" per {', '.join(each)}" if each else ""
        mix = f", in the proportions of {', '.join(shared)}" if shared else ""
        tags["accepted_target"] = f"{target:,} accepted rows{per}{mix}"
    model = str(_get(params, "llm", "model"))
    if (note := writer_note([model])) and not _pipelines(run_params) <= _OF_OTHER_RUNS:
        tags |= {"template_data" if model == OFFLINE_MODEL else "small_model_data": "true", DESCRIPTION_TAG: note}
    return tags


def _plan_tags(params: Mapping[str, Any]) -> dict[str, str]:
    """Plan parameters by their last name: MLflow cuts `attribute_sampling.language` in the heading of a column."""
    named = flatten({name: value for name, value in without_unused(params).items() if name == _PLAN})
    return {name.removeprefix(f"{_PLAN}."): text[:TAG_LIMIT] for name, text in named.items() if text not in _UNSET}


def stop_tags(stops: Stops) -> dict[str, str]:
    """Tags of the stop reasons; empty if the run requested its whole plan."""
    paused = "; ".join(f"{task.task} ({task.reason})" for task in stops.paused)
    tags = {"stopped_by": stops.stopped_by, "paused_tasks": redact(paused)[:TAG_LIMIT]}
    return {name: value for name, value in tags.items() if value}


def _command() -> str:
    """Command line, without the program's folder."""
    return f"{Path(sys.argv[0]).name} {shlex.join(sys.argv[1:])}"


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[f"version.{package}"] = version(package)
    return found


def _user() -> dict[str, str]:
    try:
        return {"mlflow.user": getpass.getuser()}
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return {}


def _get(params: Mapping[str, Any], block: str, name: str) -> Any:
    content = params.get(block)
    return content.get(name) if isinstance(content, Mapping) else None


def source_tags(project: Path) -> dict[str, str]:
    """Git tags: `mlflow.source.git.commit` (if known) and `git.dirty`: true, false, or unknown without git."""
    try:
        done = subprocess.run(_COMMAND, cwd=project, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return {"git.dirty": "unknown"}
    lines = done.stdout.splitlines()
    dirty = any(not line.startswith("#") for line in lines)
    tags = {"git.dirty": str(dirty).lower()}
    commit = next((line.removeprefix(_OID) for line in lines if line.startswith(_OID)), "(initial)")
    return tags if commit == "(initial)" else tags | {"mlflow.source.git.commit": commit}
