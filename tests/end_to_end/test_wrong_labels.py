"""A user rehearses the judge: the offline model mislabels a tenth of its rows, and the run says which."""

import pandas as pd
import pytest

from synthetic_textcat.llm.offline.defects import defect_of
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL, WRONG_LABEL
from tests.support.project import Project

pytestmark = pytest.mark.whole_run

RATES = {WRONG_LABEL: 0.1}
TOO_LONG_S = 600.0  # 5,000 rows take half a minute of processor time


def recall_and_precision(project: Project) -> tuple[float, float]:
    """Of the disputed rows, against those that the seeds of the plan say were written for another label."""
    requests, verdicts = project.table("requests"), project.table("label_verdicts")
    seeds = pd.Series(requests["seed"].to_numpy(), requests["request_id"])
    wrong = verdicts["request_id"].map(seeds).map(lambda seed: defect_of(seed, RATES) == WRONG_LABEL)
    disputed = ~verdicts["agrees"]
    both = (wrong & disputed).sum()
    return both / wrong.sum(), both / disputed.sum()


@pytest.mark.slow
def test_of_5000_rows_those_with_a_wrong_label_are_disputed(project: Project) -> None:
    project.parameters(llm={"defects": RATES}, label_check={"share": 1.0}, attribute_sampling={"num_examples": 5_000})

    with project.start("--pipelines", "generate") as run:
        printed, _ = run.communicate(timeout=TOO_LONG_S)

    assert run.returncode == 0, printed
    assert "Judged by templates" in printed
    verdicts, standing = project.table("label_verdicts"), len(project.table("examples"))
    assert len(verdicts) >= standing >= 4_500
    assert set(verdicts["model_name"]) == {OFFLINE_MODEL}
    recall, precision = recall_and_precision(project)
    assert recall >= 0.98
    assert precision >= 0.98
