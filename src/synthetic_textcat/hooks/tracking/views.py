"""Saved views of the experiment's page: which columns its table shows, and which charts."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

RUNS_PAGES = "workflowType=machine_learning"
"""MLflow's pages for runs with metrics; those that it opens by itself are for chat programs."""

_VIEW_TAG = "mlflow.sharedViewState."
"""MLflow 3.17 keeps a saved view in an experiment's tag of this name and a key: name, times (ms) and its state."""

_MADE_MS = 1_795_392_000_000
"""A fixed time, so that a view which has not changed is not written again."""

_TABLE, _CHARTS = "synthetic-textcat-table", "synthetic-textcat-charts"

_COLUMNS = (
    "metrics.`rows/planned`",
    "metrics.`rows/accepted`",
    "metrics.`yield/all`",
    "metrics.`cost/usd_this_run`",
    "metrics.`tokens/this_run`",
    "params.`llm.model`",
    "params.`llm.temperature`",
    "tags.`plan_sha256`",
)
"""SideBySide what MLflow always shows: name, when it began, how long it took."""

_SEARCH: Mapping[str, Any] = {
    "searchFilter": "",
    "orderByKey": "attributes.start_time",
    "orderByAsc": False,
    "startTime": "ALL",
    "lifecycleFilter": "Active",
    "modelVersionFilter": "All Runs",
    "datasetsFilter": [],
}

_WHILE_IT_RAN, _IN_THE_END = "While it ran", "In the end"
_BY_TIME, _BY_ROWS = "time-relative", "step"
_LINES = {"live/rows_done": _BY_TIME, "live/yield": _BY_ROWS, "live/usd": _BY_ROWS, "live/rows_per_s": _BY_TIME}
_BARS = ("yield/all", "rows/rejected", "rows/failed", "cost/usd_per_accepted", "tokens/per_accepted")


def save_views(client: "MlflowClient", experiment_id: str) -> None:
    """Saves the views that the experiment lacks or has in another form; nobody else's are touched."""
    there = client.get_experiment(experiment_id).tags
    for key, value in _tags().items():
        if there.get(key) != value:
            client.set_experiment_tag(experiment_id, key, value)


def view_urls(server: str, experiment_id: str) -> dict[str, str]:
    """What each view shows → its address on this server."""
    page = f"{server}/#/experiments/{experiment_id}/runs?{RUNS_PAGES}"
    return {
        "runs": f"{page}&viewStateShareKey={_TABLE}",
        "charts": f"{page}&compareRunsMode=CHART&viewStateShareKey={_CHARTS}",
    }


def _tags() -> dict[str, str]:
    table = {**_SEARCH, "selectedColumns": [*_COLUMNS]}
    charts = {
        **table,
        "compareRunSections": [_section(_WHILE_IT_RAN), _section(_IN_THE_END)],
        "compareRunCharts": [*(_line(name, axis) for name, axis in _LINES.items()), *map(_bar, _BARS)],
        "isAccordionReordered": True,  # as it stands here, not by the alphabet
    }
    return {
        f"{_VIEW_TAG}{_TABLE}": _saved("Rows, yield and cost", table),
        f"{_VIEW_TAG}{_CHARTS}": _saved("While it ran, and in the end", charts),
    }


def _saved(name: str, state: Mapping[str, Any]) -> str:
    return json.dumps({"name": name, "createdAt": _MADE_MS, "updatedAt": _MADE_MS, "state": json.dumps(state)})


def _section(name: str) -> dict[str, Any]:
    return {"uuid": name, "name": name, "display": True, "isReordered": False, "deleted": False, "isGenerated": False}


def _chart(kind: str, metric: str, section: str) -> dict[str, Any]:
    return {
        "uuid": metric,
        "type": kind,
        "metricKey": metric,
        "displayName": metric,
        "metricSectionId": section,
        "runsCountToCompare": 10,
        "deleted": False,
        "isGenerated": False,
    }


def _bar(metric: str) -> dict[str, Any]:
    return _chart("BAR", metric, _IN_THE_END)


def _line(metric: str, axis: str) -> dict[str, Any]:
    return _chart("LINE", metric, _WHILE_IT_RAN) | {
        "selectedMetricKeys": [metric],
        "xAxisKey": axis,
        "xAxisScaleType": "linear",
        "selectedXAxisMetricKey": "",
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "scaleType": "linear",
        "range": {},
        "lineSmoothness": 0,
        "ignoreOutliers": False,
        "useGlobalXaxisKey": False,
        "useGlobalLineSmoothing": True,
    }
