"""Run lookup by id or unique name, and the start order of runs."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from synthetic_textcat.errors import EarlierRunError, TrackingStoreError, nearest
from synthetic_textcat.hooks.tracking.bounded_calls import BoundedCalls, WaitingBudget, quiet
from synthetic_textcat.hooks.tracking.guard import first_line
from synthetic_textcat.hooks.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_ID = re.compile(r"[0-9a-f]{32}")
_MOST = 1000  # runs whose names are searched for a similar one
_LONGEST_CALL_S = 120.0
_ELSEWHERE = "`make mlflow` shows the runs; MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME say where to look"

NUMBER_TAG = "run.number"
"""Tag of a run's number, zero-padded since MLflow sorts tags as texts. Runs without the tag come last."""

NEWEST_FIRST = [f"tags.`{NUMBER_TAG}` DESC", "attributes.start_time DESC"]

_DIGITS = 9


@contextmanager
def reading(store: Store, asked: str = "") -> Iterator[None]:
    """Context that converts errors of MLflow, its storage or a server to `EarlierRunError`.

    Args:
        store: Store that is read.
        asked: Parameter that names the run, for errors.

    Raises:
        EarlierRunError: Instead of any other error.
    """
    try:
        with quiet():
            yield
    except EarlierRunError:
        raise
    except Exception as error:
        text = first_line(error, 300 if isinstance(error, TrackingStoreError) else 200)
        if not isinstance(error, TrackingStoreError):
            text = f"{store} can't be read ({text}). Next: {store.advice(error)}"
        raise EarlierRunError(f"{asked}: {text}" if asked else text) from error


def open_to_read(store: Store) -> "MlflowClient":
    """Read-only client of the store."""
    return store.connect(BoundedCalls(WaitingBudget(_LONGEST_CALL_S)), to_read=True)


def find_run(store: Store, asked: str, option: str) -> "Run":
    """Run with this id in the store, or this name in the experiment.

    Args:
        store: Store to search.
        asked: Id or name.
        option: Parameter that names the run, for errors.

    Raises:
        EarlierRunError: If there is none, it is deleted, or several runs have the name.
    """
    if store.is_missing():
        raise EarlierRunError(f"{option}={asked}: there are no runs in {store} yet. Next: {_ELSEWHERE}")
    client = open_to_read(store)
    found = _by_id(client, asked, option) if _ID.fullmatch(asked) else None
    return found or _by_name(client, store, asked, option)


def _by_id(client: "MlflowClient", asked: str, option: str) -> "Run | None":
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(asked)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    if run.info.lifecycle_stage == "deleted":
        raise _deleted(asked, asked, option)
    return run


def _by_name(client: "MlflowClient", store: Store, asked: str, option: str) -> "Run":
    from mlflow.entities import ViewType

    experiment = client.get_experiment_by_name(store.experiment)
    runs = [] if experiment is None else client.search_runs([experiment.experiment_id], "", ViewType.ALL, _MOST)
    alive = [run for run in runs if run.info.lifecycle_stage == "active"]
    found = _named(alive, asked)
    if len(found) > 1:
        ids = ", ".join(run.info.run_id for run in found[:3])
        raise EarlierRunError(
            f"{option}={asked}: {len(found)} runs have this name. Next: set it to one of the ids {ids}"
        )
    if found:
        return found[0]
    if gone := _named(runs, asked):
        raise _deleted(asked, gone[0].info.run_id, option)
    names = {run.info.run_name for run in alive if run.info.run_name}
    hint = nearest(asked, names) if names else "the experiment has no runs"
    raise EarlierRunError(
        f"{option}={asked}: no run of the experiment {store.experiment} in {store} has this id or name; {hint}. "
        f"Next: {_ELSEWHERE}"
    )


def _named(runs: "Iterable[Run]", name: str) -> "list[Run]":
    return [run for run in runs if run.info.run_name == name]


def _deleted(asked: str, run_id: str, option: str) -> EarlierRunError:
    return EarlierRunError(
        f"{option}={asked}: this run is deleted. Next: restore it with `mlflow runs restore --run-id {run_id}`, "
        "or choose another"
    )


def last_runs(store: Store, count: int) -> list[str]:
    """Ids of the last finished runs of `generate` in the experiment, newest first."""
    if store.is_missing():
        return []
    client = open_to_read(store)
    experiment = client.get_experiment_by_name(store.experiment)
    if experiment is None:
        return []
    asked = "attributes.status = 'FINISHED' and tags.pipeline = 'generate'"
    runs = client.search_runs([experiment.experiment_id], asked, max_results=count, order_by=NEWEST_FIRST)
    return [run.info.run_id for run in runs]


def next_number(client: "MlflowClient", experiment_id: str) -> str:
    """Next run number. Two runs that start at the same moment may get the same number."""
    newest: list[Run] = client.search_runs([experiment_id], max_results=1, order_by=NEWEST_FIRST)
    number = newest[0].data.tags.get(NUMBER_TAG, "") if newest else ""
    return f"{int(number) + 1 if number.isdecimal() else 1:0{_DIGITS}}"
