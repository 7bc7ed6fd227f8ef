"""Several labels a text in a whole run: planned, written, checked, judged label by label, and shown."""

import re

import pytest
import yaml

from synthetic_textcat.schemas.label_sets import label_set_of, labels_of
from tests.support.project import Project
from tests.support.several_labels import ENTRIES

pytestmark = pytest.mark.whole_run

_ROWS = 240
_FAULTS = {"labels_not_as_planned": 0.1, "label_leaked": 0.1}


def test_a_mixed_project_is_checked_judged_and_shown_with_all_labels(project: Project) -> None:
    project.path("data/01_raw/tasks.yml").write_text(yaml.safe_dump([*ENTRIES]), encoding="utf-8")
    project.parameters(
        attribute_sampling={"num_examples": _ROWS, "language": "English"},
        label_check={"share": 1.0, "llm": {"defects": {"wrong_verdict": 0.2}}},
        llm={"defects": _FAULTS},
        quality_report={"min_yield": 0, "thresholds": {"leaked": {"warn": 0.02, "fail": None}}},
    )

    printed = project.generate()

    requests, examples, rejected = map(project.table, ("requests", "examples", "rejected"))
    ledger, metrics = project.ledger(), project.metrics()
    assert (
        len(requests) == _ROWS == ledger["accepted"] + sum(ledger["rejected"].values()) + sum(ledger["failed"].values())
    )
    assert {"labels_not_as_planned", "label_leaked"} <= ledger["rejected"].keys()
    planned = dict(zip(requests["request_id"], labels_of(requests), strict=True))
    assert all(planned[row] == own for row, own in zip(examples["request_id"], labels_of(examples), strict=True))
    details = rejected.loc[rejected["reject_reason"] == "labels_not_as_planned", "detail"]
    assert details.str.match(r"(missing '.+'|extra '.+')").all()

    verdicts = project.table("label_verdicts").set_index("request_id")
    of_sets = verdicts.loc[verdicts.index.isin(requests.loc[requests["label"].isna(), "request_id"])]
    judged = of_sets["verdict"].map(label_set_of)
    agrees = [planned[row] == own for row, own in judged.items()]
    assert of_sets["agrees"].tolist() == agrees
    assert metrics["label/sets_judged"] == len(of_sets)
    assert metrics["label/exact_set"] == pytest.approx(sum(agrees) / len(agrees), abs=1e-4)
    assert 0 < (metrics["label/unplanned_rows"] or 0) < 0.4 * len(of_sets)
    assert "judged" in printed

    page = project.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    for heading in ("Several labels a text", "Labels that texts have together", "Several labels, judged blind"):
        assert f">{heading}</h" in page
    assert re.search(r'data-label="Billing\n(Accounts|Repairs|Praise|Shipping)', page)
    assert 'Billing and Returns: not planned">' in page
