"""`--env dask` on a fresh project: processes of this machine, one MLflow run, and the rows of one process."""

from pathlib import Path

import pandas as pd
import pytest

from tests.support.project import TRACKED, Project

pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.whole_run]

_ROWS = "attribute_sampling.num_examples=300"


def test_worker_processes_give_the_rows_of_one_process(tmp_path: Path) -> None:
    fleet, alone = Project(tmp_path / "fleet"), Project(tmp_path / "alone")
    said = fleet.generate("--env", "dask", "--params", f"{_ROWS},cluster.local.workers=2", **TRACKED)
    alone.generate("--params", _ROWS)

    for name in ("examples", "rejected", "failed", "outcomes"):
        pd.testing.assert_frame_equal(fleet.table(name), alone.table(name))
    assert fleet.ledger() == alone.ledger()
    assert "Dask dashboard: http://127.0.0.1:" in said
    assert "distributed" not in said  # Dask's own lines are left out
    assert "calls     300 in this run" in said
    assert "300/300 rows" in said
    (run,) = fleet.mlflow_runs()
    assert run.info.status == "FINISHED"
    assert run.data.metrics["rows/accepted"] == fleet.ledger()["accepted"]
    folder = fleet.path("data/03_primary/completions")
    journals = sorted(folder.glob("shard-*.jsonl"))
    assert len(journals) == 2
    assert sum(len(path.read_bytes().splitlines()) for path in journals) == 299  # the first call is the driver's
    assert list((folder / "logs").glob("*.log"))
    assert not list(folder.glob("plan-*"))
    again = fleet.generate("--env", "dask", "--params", _ROWS)
    assert "0: the journal has all the answers" in again
    assert "dashboard" not in again  # no worker is started for nothing
