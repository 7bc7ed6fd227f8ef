"""Artifacts of earlier runs: the files that rebuild a run, and records for comparisons."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from synthetic_textcat.errors import EarlierRunError
from synthetic_textcat.hooks.tracking.catalog_metadata import named_key
from synthetic_textcat.hooks.tracking.results import evaluation_of, label_check_of
from synthetic_textcat.hooks.tracking.run_log import REBUILD
from synthetic_textcat.hooks.tracking.run_lookup import find_run, last_runs, open_to_read, reading
from synthetic_textcat.hooks.tracking.store import Store
from synthetic_textcat.schemas.label_sets import with_label_sets
from synthetic_textcat.schemas.label_verdicts import LABEL_VERDICTS
from synthetic_textcat.schemas.rows import OUTCOMES
from synthetic_textcat.schemas.run_records import Evaluation, RunRecord
from synthetic_textcat.tables import RowTable, Spool, StoredTable
from synthetic_textcat.temporary_files import TemporaryFolder

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_OUTCOMES = "outcomes.parquet"
_PREDICTIONS = "real_predictions.parquet"
_VERDICTS = "label_verdicts.parquet"


@dataclass(frozen=True, kw_only=True)
class EarlierRun:
    """Earlier run with the files to rebuild it.

    Attributes:
        run_id, name, status, tags: As recorded in MLflow.
        folder: Copy of its `rebuild/`.
        copy: The temporary folder that holds `folder`, if there is one; it is removed with this object.
    """

    run_id: str
    name: str
    status: str
    tags: Mapping[str, str]
    folder: Path
    copy: TemporaryFolder | None = None

    def file(self, name: str) -> Path:
        """Path of a rebuild file.

        Raises:
            EarlierRunError: If it was not logged.
        """
        path = self.folder / name
        if not path.is_file():
            raise self._lacks(f"no {REBUILD}/{name}")
        return path

    def file_of(self, dataset: str) -> Path:
        """Path of the file of a dataset, found by its sha256, since the project may rename files.

        Raises:
            EarlierRunError: If it was not logged.
        """
        sha256 = self.tags.get(f"sha256.{dataset}")
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
                return path
        raise self._lacks(f"no file of the dataset '{dataset}'")

    def parameters(self) -> dict[str, Any]:
        """All parameters of the run, by block.

        Raises:
            EarlierRunError: If they were not logged.
        """
        content = yaml.safe_load(self.file("parameters.yml").read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise self._lacks(f"no mapping in {REBUILD}/parameters.yml")
        return content

    def _lacks(self, what: str) -> EarlierRunError:
        made_by = self.tags.get("pipeline", "another program")
        return EarlierRunError(
            f"Run {self.name} has {what}: it is a run of {made_by} with status {self.status}. Next: set from_run to a "
            "run of generate that ended normally"
        )


def load_earlier_run(project: Path, asked: str) -> EarlierRun:
    """Earlier run with this id or name, with a copy of its files.

    Raises:
        EarlierRunError: If it can't be found or read.
    """
    store = Store.of(project)
    with reading(store, f"from_run={asked}"):
        return _with_files(store, find_run(store, asked, "from_run"))


def _with_files(store: Store, run: "Run") -> EarlierRun:
    client = open_to_read(store)
    copy = TemporaryFolder()
    run_id = run.info.run_id
    if client.list_artifacts(run_id, REBUILD):
        client.download_artifacts(run_id, REBUILD, str(copy.path))
    return EarlierRun(
        run_id=run_id,
        name=run.info.run_name or run_id,
        status=run.info.status,
        tags=run.data.tags,
        folder=copy.path / REBUILD,
        copy=copy,
    )


def records_to_compare(store: Store, baseline: str | None, candidate: str | None) -> tuple[RunRecord, RunRecord]:
    """Records of baseline and candidate, by id or name; by default the last finished runs of `generate`.

    Raises:
        EarlierRunError: If a run can't be found or read, or there are fewer than two.
    """
    with reading(store):
        if baseline is not None:
            earlier = _record(store, baseline, "compare.baseline", leave_out=None)
            return earlier, _record(store, candidate, "compare.candidate", leave_out=earlier.run_id)
        later = _record(store, candidate, "compare.candidate", leave_out=None)
        return _record(store, None, "compare.baseline", leave_out=later.run_id), later


def _record(store: Store, asked: str | None, option: str, leave_out: str | None) -> RunRecord:
    run = find_run(store, asked or _last(store, option, leave_out), option)
    client = open_to_read(store)
    artifacts = {item.path for item in client.list_artifacts(run.info.run_id)}
    if _OUTCOMES not in artifacts:
        raise EarlierRunError(
            f"{option}: run {run.info.run_name} has no {_OUTCOMES}: it is a run of "
            f"{run.data.tags.get('pipeline', 'another program')} with status {run.info.status}. Next: choose a "
            "run of generate that ended normally"
        )
    with TemporaryFolder() as copy:
        for path in sorted(artifacts & {_OUTCOMES, REBUILD}):
            client.download_artifacts(run.info.run_id, path, str(copy.path))
        found = evaluation_of(client, run)
        return replace(
            _read(run, copy.path),
            evaluation=_evaluation(client, found, copy.path) if found else None,
            verdicts=_verdicts(client, run, copy.path),
        )


def _last(store: Store, option: str, leave_out: str | None) -> str:
    for run_id in last_runs(store, 2):
        if run_id != leave_out:
            return run_id
    raise EarlierRunError(
        f"{option}: {store} has no other finished run of generate to compare. Next: name one with {option}, or "
        "run `kedro run --pipelines generate` again with the change you want to test"
    )


def _read(run: "Run", folder: Path) -> RunRecord:
    tasks = folder / REBUILD / "tasks.parquet"
    prompts = sorted((folder / REBUILD / "prompts").glob("*"))
    return RunRecord(
        run_id=run.info.run_id,
        name=run.info.run_name or run.info.run_id,
        started=datetime.fromtimestamp(run.info.start_time / 1000, UTC).isoformat(timespec="seconds"),
        params=run.data.params,
        tags=run.data.tags,
        metrics={named_key(key): value for key, value in run.data.metrics.items()},
        outcomes=outcomes_of(folder / _OUTCOMES),
        prompts={path.name: path.read_text(encoding="utf-8") for path in prompts},
        tasks=pd.read_parquet(tasks) if tasks.is_file() else None,
    )


def outcomes_of(path: Path) -> RowTable:
    """Outcomes in a file, copied since the file goes."""
    return _copied(with_label_sets(StoredTable([path])), OUTCOMES)


def _copied(table: RowTable, columns: Mapping[str, str]) -> RowTable:
    """The rows of a table in a temporary file, batch by batch; columns that an older table lacks are empty."""
    copy = Spool(columns)
    for frame in table.frames():
        copy.add(frame.reindex(columns=list(columns)))
    return copy


def _verdicts(client: "MlflowClient", run: "Run", folder: Path) -> RowTable | None:
    """The verdicts of the run itself, or of the last label check of the same rows; None if there are none."""
    for judged in (run, label_check_of(client, run)):
        found = None if judged is None else _table_of(client, judged, _VERDICTS, folder)
        if found is not None and len(found):
            return _copied(found, LABEL_VERDICTS)
    return None


def _table_of(client: "MlflowClient", run: "Run", name: str, folder: Path) -> RowTable | None:
    if name not in {item.path for item in client.list_artifacts(run.info.run_id)}:
        return None
    return StoredTable([Path(client.download_artifacts(run.info.run_id, name, str(folder)))])


def _evaluation(client: "MlflowClient", run: "Run", folder: Path) -> Evaluation:
    predictions = _table_of(client, run, _PREDICTIONS, folder)
    return Evaluation(
        name=run.info.run_name or run.info.run_id,
        metrics={named_key(key): value for key, value in run.data.metrics.items()},
        model=run.data.params.get("evaluate.embedding_model", ""),
        real_rows=run.data.tags.get("sha256.evaluation_set", ""),
        predictions=None if predictions is None else predictions.to_pandas(),
    )
