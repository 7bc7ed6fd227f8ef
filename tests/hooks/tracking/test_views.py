"""The experiment's saved views."""

import json
from pathlib import Path

import pytest

from synthetic_textcat.hooks.tracking.views import save_views, view_urls
from tests.hooks.tracking.project import MlflowClient, make_project


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return make_project(tmp_path / "project").client()


def test_views_are_tags_that_the_addresses_name(client: MlflowClient) -> None:
    save_views(client, "0")
    tags = client.get_experiment("0").tags
    for address in view_urls("http://127.0.0.1:5000", "0").values():
        saved = json.loads(tags[f"mlflow.sharedViewState.{address.rpartition('=')[2]}"])
        assert set(saved) == {"name", "createdAt", "updatedAt", "state"}
        assert "metrics.`yield/all`" in json.loads(saved["state"])["selectedColumns"]
    assert max(map(len, tags.values())) <= 5000  # what MLflow takes


def test_a_view_is_mended_and_nobody_elses_is_touched(client: MlflowClient) -> None:
    save_views(client, "0")
    ours = client.get_experiment("0").tags
    client.set_experiment_tag("0", "mlflow.sharedViewState.theirs", "{}")
    client.set_experiment_tag("0", next(iter(ours)), "{}")
    save_views(client, "0")

    assert client.get_experiment("0").tags == ours | {"mlflow.sharedViewState.theirs": "{}"}
