"""The order in which runs began: a number of ours, since their start times follow a clock that anyone may set."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

NUMBER_TAG = "run.number"
"""Tag of a run; of equal length, since MLflow sorts tags as texts. Runs that have none come after those that do."""

NEWEST_FIRST = [f"tags.`{NUMBER_TAG}` DESC", "attributes.start_time DESC"]

_DIGITS = 9


def next_number(client: "MlflowClient", experiment_id: str) -> str:
    """One more than the newest run's. Two runs that begin at the same moment may get the same."""
    newest: list[Run] = client.search_runs([experiment_id], max_results=1, order_by=NEWEST_FIRST)
    number = newest[0].data.tags.get(NUMBER_TAG, "") if newest else ""
    return f"{int(number) + 1 if number.isdecimal() else 1:0{_DIGITS}}"
