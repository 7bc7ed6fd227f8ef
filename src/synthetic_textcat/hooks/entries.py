"""Catalog entries that lead to an earlier run's files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synthetic_textcat.errors import EarlierRunError
from synthetic_textcat.hooks.tracking.artifacts import REBUILD
from synthetic_textcat.hooks.tracking.catalog_metadata import raw_marks
from synthetic_textcat.hooks.tracking.run_artifacts import KeptRun

_TASKS = "tasks.parquet"
_ROUNDS = "rounds.json"
_MADE = {"tasks", "plan_sha256", "rounds"}
"""Kept for rebuilding, but made by each run anew."""

_OF_THE_FILE_ITSELF = {"credentials", "fs_args", "versioned"}

Entry = dict[str, Any]


def kept_entries(run: KeptRun, catalog: Mapping[str, Any]) -> tuple[dict[str, Entry], dict[str, EarlierRunError]]:
    """The catalog's entries for what a user writes (tasks file, domains, prompts) with the run's files in their place.

    Returns:
        The entries, and for those that can't be had what is to be said once someone reads them.
    """
    entries: dict[str, Entry] = {}
    lacking: dict[str, EarlierRunError] = {}
    for name, entry in catalog.items():
        try:
            if name == "tasks_file":
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
        lacking["tasks"] = error
    return entries, lacking


def _quota_entries(run: KeptRun) -> dict[str, Entry]:
    """The rounds of the run's quota, if it had one; what the project's own last pass lacked counts for nothing."""
    _make_given(run.folder / _ROUNDS)
    found = {"previous_rounds": run.folder / _ROUNDS, "previous_shortfall": run.folder / "shortfall.json"}
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


def tasks_entry(run: KeptRun) -> Entry:
    """The entry of the run's tasks."""
    return {"type": "synthetic_textcat.datasets.KeptTasksDataset", "filepath": run.file(_TASKS).as_posix()}


def _is_written_by_the_user(name: str, entry: object) -> bool:
    marks = raw_marks(entry.get("metadata")) if isinstance(entry, Mapping) else {}
    return bool(marks.get("prompt")) or (marks.get("artifact") == REBUILD and name not in _MADE)
