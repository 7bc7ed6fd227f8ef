"""The files of a run: what rebuilds it, and what the catalog marks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from synthetic_textcat.hooks.tracking.catalog_metadata import Marked
from synthetic_textcat.hooks.tracking.run_log import RunLog
from synthetic_textcat.redaction import redact

REBUILD = "rebuild"


def keep_rebuild_files(log: RunLog, params: Mapping[str, Any], project: Path) -> None:
    """Keeps all parameters, and the versions that the project installs, under `rebuild/`."""
    text = yaml.safe_dump(dict(params), sort_keys=False, allow_unicode=True)
    log.client.log_text(log.run_id, redact(text), f"{REBUILD}/parameters.yml")
    constraints = project / "constraints.txt"
    if constraints.is_file():
        log.client.log_artifact(log.run_id, str(constraints), REBUILD)


def keep_file(log: RunLog, item: Marked) -> None:
    """Keeps the dataset's file where its mark says, and a prompt under `rebuild/prompts/`, as it was when read."""
    if item.marks.prompt and item.place and item.content is not None:
        log.client.log_text(log.run_id, item.content.decode(), f"{REBUILD}/prompts/{item.place.name}")
    if item.marks.artifact is not None and item.file:
        log.client.log_artifact(log.run_id, str(item.file), item.marks.artifact or None)
