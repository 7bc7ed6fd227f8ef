"""Which run wrote what another run read: told by the hash of the file alone, so that a wrong one is never named."""

from typing import TYPE_CHECKING

from synthetic_textcat.hooks.tracking.catalog_metadata import Marked
from synthetic_textcat.hooks.tracking.newest import NEWEST_FIRST
from synthetic_textcat.hooks.tracking.run_log import RunLog

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_PARENT = "mlflow.parentRunId"
"""MLflow's tag by which a run is shown under another."""


def parent_tags(log: RunLog, item: Marked) -> dict[str, str]:
    """The tag that puts this run under the last run of `generate` that wrote the same bytes; none if there is none."""
    writer = _last(log.client, log.experiment_id, item.name, item.sha256, "tags.pipeline = 'generate'")
    return {} if writer is None else {_PARENT: writer.info.run_id}


def evaluation_of(client: "MlflowClient", run: "Run") -> "Run | None":
    """The last finished run of `evaluate` whose rows are those that this run wrote; None if there is none."""
    asked = "attributes.status = 'FINISHED' AND tags.pipeline LIKE '%evaluate%'"
    sha256 = run.data.tags.get("sha256.examples")
    return _last(client, run.info.experiment_id, "examples", sha256, asked)


def _last(client: "MlflowClient", experiment_id: str, name: str, sha256: str | None, asked: str) -> "Run | None":
    if sha256 is None:
        return None
    filters = f"{asked} AND tags.`sha256.{name}` = '{sha256}'"
    runs: list[Run] = client.search_runs([experiment_id], filters, max_results=1, order_by=NEWEST_FIRST)
    return runs[0] if runs else None
