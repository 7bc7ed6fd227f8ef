"""Finds a run in the store by what a user types: its id, or its name if that is unique."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from synthetic_textcat.errors import RebuildError, nearest, redact
from synthetic_textcat.hooks.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_ID = re.compile(r"[0-9a-f]{32}")
_MOST = 1000  # runs whose names are looked through for a near one
_ELSEWHERE = "`make mlflow` shows the runs; MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME say where to look"


def find_run(store: Store, asked: str) -> "Run":
    """The run of this id in the store, or of this name in the experiment.

    Raises:
        RebuildError: If there is none, if it is deleted, or if several runs have the name.
    """
    if store.is_missing():
        raise RebuildError(f"from_run={asked}: no run is kept in {where(store)} yet. Next: {_ELSEWHERE}")
    with store.alone():
        client = store.connect()
        found = _by_id(client, asked) if _ID.fullmatch(asked) else None
        return found or _by_name(client, store, asked)


def where(store: Store) -> str:
    """The store as an error names it."""
    return redact(store.uri)


def _by_id(client: "MlflowClient", asked: str) -> "Run | None":
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(asked)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    if run.info.lifecycle_stage == "deleted":
        raise _deleted(asked, asked)
    return run


def _by_name(client: "MlflowClient", store: Store, asked: str) -> "Run":
    from mlflow.entities import ViewType

    experiment = client.get_experiment_by_name(store.experiment)
    runs = [] if experiment is None else client.search_runs([experiment.experiment_id], "", ViewType.ALL, _MOST)
    alive = [run for run in runs if run.info.lifecycle_stage == "active"]
    found = _named(alive, asked)
    if len(found) > 1:
        ids = ", ".join(run.info.run_id for run in found[:3])
        raise RebuildError(f"from_run={asked}: {len(found)} runs have this name. Next: give the id of one: {ids}")
    if found:
        return found[0]
    if gone := _named(runs, asked):
        raise _deleted(asked, gone[0].info.run_id)
    names = {run.info.run_name for run in alive if run.info.run_name}
    hint = nearest(asked, names) if names else "it has none"
    raise RebuildError(
        f"from_run={asked}: no run of the experiment {store.experiment} in {where(store)} has this id or name; {hint}. "
        f"Next: {_ELSEWHERE}"
    )


def _named(runs: "Iterable[Run]", name: str) -> "list[Run]":
    return [run for run in runs if run.info.run_name == name]


def _deleted(asked: str, run_id: str) -> RebuildError:
    return RebuildError(
        f"from_run={asked}: this run is deleted. Next: restore it with `mlflow runs restore --run-id {run_id}`, "
        "or choose another"
    )
