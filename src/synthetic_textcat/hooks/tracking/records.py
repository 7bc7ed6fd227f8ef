"""Earlier runs as records to compare."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from synthetic_textcat.errors import EarlierRunError
from synthetic_textcat.hooks.tracking.artifacts import REBUILD
from synthetic_textcat.hooks.tracking.lineage import evaluation_of
from synthetic_textcat.hooks.tracking.run_lookup import find_run, last_runs, open_to_read, reading
from synthetic_textcat.hooks.tracking.store import Store
from synthetic_textcat.schemas.rows import OUTCOMES
from synthetic_textcat.schemas.run_records import Evaluation, RunRecord

if TYPE_CHECKING:
    from mlflow.entities import Run

_OUTCOMES = "outcomes.parquet"


def records_to_compare(store: Store, baseline: str | None, candidate: str | None) -> tuple[RunRecord, RunRecord]:
    """Baseline and candidate, by id or name; where one is not named, the last finished run of `generate`.

    Raises:
        EarlierRunError: If one can't be had, or there are not two.
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
    kept = {item.path for item in client.list_artifacts(run.info.run_id)}
    if _OUTCOMES not in kept:
        raise EarlierRunError(
            f"{option}: run {run.info.run_name} keeps no {_OUTCOMES}: it is a run of "
            f"{run.data.tags.get('pipeline', 'another program')}, and {run.info.status}. Next: choose a "
            "run of generate that has ended by itself"
        )
    with tempfile.TemporaryDirectory(prefix="synthetic-textcat-") as name:
        for path in sorted(kept & {_OUTCOMES, REBUILD}):
            client.download_artifacts(run.info.run_id, path, name)
        return _read(run, Path(name), evaluation_of(client, run))


def _last(store: Store, option: str, leave_out: str | None) -> str:
    for run_id in last_runs(store, 2):
        if run_id != leave_out:
            return run_id
    raise EarlierRunError(
        f"{option}: {store} has no other finished run of generate to compare. Next: name one with {option}, or "
        "run `kedro run --pipelines generate` again with what you want to try"
    )


def _read(run: "Run", folder: Path, evaluation: "Run | None") -> RunRecord:
    tasks = folder / REBUILD / "tasks.parquet"
    prompts = sorted((folder / REBUILD / "prompts").glob("*"))
    return RunRecord(
        run_id=run.info.run_id,
        name=run.info.run_name or run.info.run_id,
        started=datetime.fromtimestamp(run.info.start_time / 1000, UTC).isoformat(timespec="seconds"),
        params=run.data.params,
        tags=run.data.tags,
        metrics=run.data.metrics,
        outcomes=pd.read_parquet(folder / _OUTCOMES).reindex(columns=list(OUTCOMES)),
        prompts={path.name: path.read_text(encoding="utf-8") for path in prompts},
        tasks=pd.read_parquet(tasks) if tasks.is_file() else None,
        evaluation=_evaluation(evaluation) if evaluation else None,
    )


def _evaluation(run: "Run") -> Evaluation:
    return Evaluation(
        name=run.info.run_name or run.info.run_id,
        metrics=run.data.metrics,
        model=run.data.params.get("evaluate.embedding_model", ""),
        real_rows=run.data.tags.get("sha256.evaluation_set", ""),
    )
