"""Configuration folder of an earlier run: that of the project, with the parameters, prompts and tasks of the run.

Kedro reads it like any other, with `--conf-source` or `TEXTCAT_CONF_SOURCE`, so `kedro catalog` and Kedro-Viz show what
a run with `from_run` reads. Keys are never copied: of environments and credentials the folder holds only the structure,
    and each value is read from the project's own file when it is used (`value_in_file`).
"""

import json
import re
import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader
from omegaconf import DictConfig, ListConfig, OmegaConf

from synthetic_textcat.config_loader import VALUE_RESOLVER
from synthetic_textcat.datasets.fsspec_place import find_place
from synthetic_textcat.datasets.kedro_compat import config_files
from synthetic_textcat.datasets.replacing import replacing_folder
from synthetic_textcat.errors import EarlierRunError
from synthetic_textcat.file_errors import short_path
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.tracking.catalog_metadata import raw_metadata
from synthetic_textcat.hooks.tracking.run_artifacts import EarlierRun
from synthetic_textcat.hooks.tracking.run_log import REBUILD
from synthetic_textcat.schemas.run_records import SEVERAL_LABELS_PROMPT

FOLDERS = "data/02_intermediate/from_run"
"""Place of the folders within the project, one for each earlier run."""

TASKS = "tasks.parquet"
_ROUNDS = "rounds.json"
_RUN = "run.json"
_MADE = {names.TASKS, names.PLAN_SHA256, names.ROUNDS}
"""Kept for rebuilding, but created by each run."""

_OF_THE_FILE_ITSELF = {"credentials", "fs_args", "versioned"}
_REFERENCE = re.compile(r"\$\{[\w.:]+\}")
"""A value that only names another, such as `${oc.env:KEY}`, and so can be copied."""

Entry = dict[str, Any]


def run_of_conf(conf_source: str | Path, asked: str) -> EarlierRun | None:
    """Earlier run with this id or name, if the configuration in use is already its folder."""
    place = Path(conf_source).parent
    if not (place / _RUN).is_file():
        return None
    run = EarlierRun(**json.loads((place / _RUN).read_text(encoding="utf-8")), folder=place / REBUILD)
    return run if asked in (run.run_id, run.name) else None


def write_conf(run: EarlierRun, entries: Mapping[str, Entry], loader: OmegaConfigLoader, project: Path) -> Path:
    """Writes the configuration folder of an earlier run, whole or not at all.

    Args:
        run: The earlier run.
        entries: Catalog entries that its files replace, as in `kept_entries`.
        loader: Loader of the project's configuration.
        project: Root of the project.

    Returns:
        The folder.

    Raises:
        EarlierRunError: If the project's configuration is not in a local folder.
        StorageError: If the folder can't be written.
    """
    if not Path(loader.conf_source).is_dir():
        raise EarlierRunError(
            f"from_run={run.name} needs a configuration folder on this machine, and --conf-source is "
            f"{loader.conf_source}. Next: unpack or copy it, and name the folder with --conf-source"
        )
    place = project / FOLDERS / run.run_id
    with replacing_folder(find_place(place.as_posix())) as fresh:
        shutil.copytree(run.folder, fresh / REBUILD)
        _mark_as_planned(fresh / REBUILD / _ROUNDS)
        facts = {"run_id": run.run_id, "name": run.name, "status": run.status, "tags": run.tags}
        (fresh / _RUN).write_text(json.dumps(facts, indent=1), encoding="utf-8")
        _write_files(run, entries, loader, fresh / "conf")
    return place / "conf"


def _write_files(run: EarlierRun, entries: Mapping[str, Entry], loader: OmegaConfigLoader, conf: Path) -> None:
    source = Path(loader.conf_source).absolute()
    replaced: dict[str, Mapping[str, Any]] = {
        "parameters": {**run.parameters(), "from_run": run.run_id},
        "catalog": entries,
    }
    for environment in sorted(path.name for path in source.iterdir() if path.is_dir()):
        (conf / environment).mkdir(parents=True)  # Kedro refuses an environment without a folder
        for kind in loader.config_patterns:
            for path, content in config_files(loader, environment, kind).items():
                kept = {name: raw for name, raw in content.items() if name not in replaced.get(kind, {})}
                if environment != loader.base_env or kind == "credentials":
                    kept = {name: _references(raw, path, (name,)) for name, raw in kept.items()}
                _write_yaml(conf / path.relative_to(source), kept, run)
    for kind, values in replaced.items():
        _write_yaml(conf / loader.base_env / "from_run" / f"{kind}.yml", values, run)


def _write_yaml(path: Path, content: Mapping[str, Any], run: EarlierRun) -> None:
    """Writes by OmegaConf, which quotes each text that its own reader would take for a number."""
    if content:
        path.parent.mkdir(parents=True, exist_ok=True)
        head = f"# Written by each run with from_run={run.run_id}: not to be edited.\n"
        path.write_text(head + OmegaConf.to_yaml(OmegaConf.create(dict(content))), encoding="utf-8")


def _references(raw: Any, path: Path, keys: tuple[Any, ...]) -> Any:
    """Structure of the content, with a reference to the file in place of each value."""
    if isinstance(raw, Mapping):
        return {key: _references(value, path, (*keys, key)) for key, value in raw.items()}
    if isinstance(raw, list):
        return [_references(value, path, (*keys, index)) for index, value in enumerate(raw)]
    if isinstance(raw, str) and _REFERENCE.fullmatch(raw):
        return raw
    return f"${{{VALUE_RESOLVER}:{','.join(map(_quoted, (path.as_posix(), *keys)))}}}"


def _quoted(argument: Any) -> str:
    return "'" + re.sub(r"(\\*)'", r"\1\1\\'", str(argument)) + "'"


def value_in_file(path: str, *keys: str) -> Any:
    """Value of a project's configuration file, as an OmegaConf resolver: `${value_in_file:'conf/local/x.yml','llm',…}`.

    Args:
        path: The YAML or JSON file.
        keys: Keys down to the value; the number of an item within a list.

    Raises:
        EarlierRunError: If file or value are gone since the folder was written.
    """
    try:
        node: Any = _file(Path(path), Path(path).stat().st_mtime_ns)
        for key in keys:
            node = node[int(key)] if isinstance(node, ListConfig) else node[_key(node, key)]
    except (OSError, KeyError, IndexError, TypeError, StopIteration):
        raise EarlierRunError(
            f"{short_path(path)} has no {'.'.join(keys)}, which the configuration of an earlier run reads there. Next: "
            "run with from_run again, which writes that configuration anew"
        ) from None
    return node


@lru_cache
def _file(path: Path, written_ns: int) -> Any:  # noqa: ARG001  read once as long as it is not changed
    return OmegaConf.load(path)


def _key(mapping: DictConfig, shown: str) -> Any:
    return next(key for key in mapping if str(key) == shown)


def kept_entries(run: EarlierRun, catalog: Mapping[str, Any]) -> tuple[dict[str, Entry], dict[str, EarlierRunError]]:
    """The catalog's entries for files of the user (tasks file, domains, prompts), with the files of the run instead.

    Returns:
        The entries, with paths relative to the project; and the errors to raise when an unavailable entry is read.
    """
    entries: dict[str, Entry] = {}
    lacking: dict[str, EarlierRunError] = {}
    for name, entry in catalog.items():
        try:
            if name == names.TASKS_FILE:
                file = _place_of(run, run.file(TASKS))
                entries[name] = {"type": "synthetic_textcat.datasets.KeptTasksDataset", "filepath": file}
                entries[name] |= {"metadata": entry.get("metadata")}
            elif _is_written_by_the_user(name, entry):
                usual = {key: value for key, value in entry.items() if key not in _OF_THE_FILE_ITSELF}
                entries[name] = usual | {"filepath": _place_of(run, run.file_of(name))}
        except EarlierRunError as error:
            if name not in (*names.JUDGE_PROMPTS, SEVERAL_LABELS_PROMPT):  # unused by earlier versions
                lacking[name] = error
    entries |= _optional_entries(run)
    try:
        run.file(TASKS)
    except EarlierRunError as error:
        lacking[names.TASKS] = error
    return entries, lacking


def _place_of(run: EarlierRun, file: Path) -> str:
    """Place of a file of the run within the project, once the folder is written."""
    return f"{FOLDERS}/{run.run_id}/{REBUILD}/{file.relative_to(run.folder).as_posix()}"


def _optional_entries(run: EarlierRun) -> dict[str, Entry]:
    """The rounds of the run's quota, if it had one.

    The shortfall of the project's own last pass does not count, nor do its confusable labels: the run's tasks have
    their own.
    """
    found = {names.PREVIOUS_ROUNDS: _ROUNDS, names.PREVIOUS_SHORTFALL: "shortfall.json"}
    found[names.CONFUSABLE_FILE] = "confusable.yml"
    return {
        name: {
            "type": "synthetic_textcat.datasets.OptionalDataset",
            "dataset": {
                "type": "synthetic_textcat.datasets.FileDataset",
                "filepath": _place_of(run, run.folder / file),
            },
        }
        for name, file in found.items()
    }


def _mark_as_planned(rounds: Path) -> None:
    """Marks the rounds as planned already, so that another model, prompt or target does not restart them."""
    if rounds.is_file():
        content = json.loads(rounds.read_text(encoding="utf-8"))
        given = content | {"asked_with": None, "target": None} if content else content
        rounds.write_text(json.dumps(given), encoding="utf-8")


def _is_written_by_the_user(name: str, entry: object) -> bool:
    marks = raw_metadata(entry.get("metadata")) if isinstance(entry, Mapping) else {}
    return bool(marks.get("prompt")) or (marks.get("artifact") == REBUILD and name not in _MADE)
