"""What a run is called, and the tags that it bears from its start."""

import getpass
import os
import shlex
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext

from synthetic_textcat.hooks.tracking.description import DESCRIPTION_TAG
from synthetic_textcat.hooks.tracking.source import source_tags
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.offline_banner import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.rows import PLAN_VERSION
from synthetic_textcat.schemas.stops import Stops

_PACKAGES = ("kedro", "langchain-core", "langchain-openai", "openai", "mlflow")
_TAG_LIMIT = 5000


def run_name(run_params: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """A name that tells runs apart in a list: pipeline, model, rows asked for, seed, time of day."""
    rows = _get(params, "attribute_sampling", "num_examples")
    seed = params.get("seed")
    parts = [
        pipeline_name(run_params),
        _get(params, "llm", "model"),
        None if rows is None else f"n{rows}",
        None if seed is None else f"s{seed}",
        time.strftime("%H%M%S"),
    ]
    return "-".join(str(part) for part in parts if part is not None)


def pipeline_name(run_params: Mapping[str, Any]) -> str:
    """The pipelines of this run; the default one is `generate`."""
    asked = run_params.get("pipeline_names") or ["__default__"]
    return "+".join("generate" if name == "__default__" else name for name in asked)


def start_tags(run_params: Mapping[str, Any], params: Mapping[str, Any], context: KedroContext) -> dict[str, str]:
    """Everything about a run that is known before its first node, beside its parameters."""
    tags = {
        "pipeline": pipeline_name(run_params),
        "plan_version": str(PLAN_VERSION),
        "env": context.env or "local",
        "command": redact(_command())[:_TAG_LIMIT],
        "process": f"{socket.gethostname()}:{os.getpid()}",
        "mlflow.source.name": context.project_path.name,
        "mlflow.source.type": "LOCAL",
        **source_tags(context.project_path),
        **_versions(),
        **_user(),
    }
    if _get(params, "llm", "model") == OFFLINE_MODEL:
        tags |= {"template_data": "true", DESCRIPTION_TAG: BANNER}
    return tags


def stop_tags(stops: Stops) -> dict[str, str]:
    """Why a run asked for less than its plan; empty where it did not."""
    paused = "; ".join(f"{task.task} ({task.reason})" for task in stops.paused)
    tags = {"stopped_by": stops.stopped_by, "paused_tasks": redact(paused)[:_TAG_LIMIT]}
    return {name: value for name, value in tags.items() if value}


def _command() -> str:
    """The command as typed, without the folder of the program."""
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
