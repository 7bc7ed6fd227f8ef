"""What the dataset card knows of the labels: verdicts on these rows, and accuracy by hand of these rows only."""

from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.pipelines.export.card import gather_label_facts
from synthetic_textcat.schemas.label_verdicts import LABEL_SAMPLE_DESIGN, LABEL_VERDICTS, text_sha256
from synthetic_textcat.schemas.rows import to_frame
from synthetic_textcat.tables import FrameTable
from synthetic_textcat.text.intervals import wilson_interval
from tests.pipelines.quality_report.builders import example_frame, ledger
from tests.support.each_case import each_of

_FRAME = example_frame({"request_id": f"r{number}", "input_text": f"Text {number}."} for number in range(6))
_EXAMPLES = FrameTable(_FRAME)
_LEDGER: dict[str, Any] = {**ledger(accepted=6)}
_ACCURACY = {
    "label/accuracy": 0.9,
    "label/accuracy_low": 0.7,
    "label/accuracy_high": 0.97,
    "label/hand_labelled": 4.0,
    "label/rows": 6.0,
}


def _verdicts(agrees: list[bool], judge: str = "judge-1", first: int = 0) -> pd.DataFrame:
    rows = [(f"r{number}", "bad", 1, does, False, judge) for number, does in enumerate(agrees, first)]
    return to_frame(rows, LABEL_VERDICTS)


def _design(**texts: str) -> pd.DataFrame:
    rows = [(row, "t0", text_sha256(text), ["bad"], "unjudged", 0.5, 6, "single_label") for row, text in texts.items()]
    return to_frame(rows, LABEL_SAMPLE_DESIGN)


def test_the_agreement_is_that_of_the_rows_here() -> None:
    found = gather_label_facts(_EXAMPLES, _LEDGER, _verdicts([True, True, False, True], first=4), None, None)

    low, high = wilson_interval(1.0, 2)
    assert found == {
        "judged": {
            "rows": 2,
            "share": pytest.approx(1 / 3),
            "agreement": 1.0,
            "low": low,
            "high": high,
            "judges": ["judge-1"],
            "note": None,
            "is_writer": False,
            "rejected": 0,
        },
        "by_hand": None,
    }


@pytest.mark.parametrize("verdicts", [None, _verdicts([]), _verdicts([True], first=99)])
def test_without_a_verdict_on_these_rows_there_is_nothing(verdicts: pd.DataFrame | None) -> None:
    assert gather_label_facts(_EXAMPLES, _LEDGER, verdicts, None, None) == {"judged": None, "by_hand": None}


def test_rows_that_are_not_here_for_a_verdict_and_a_judge_that_wrote_them_are_named() -> None:
    counts = {**ledger(rejected={"label_disputed": 3, "label_ambiguous": 2, "label_leaked": 9})}

    judged = gather_label_facts(_EXAMPLES, counts, _verdicts([True], judge="model-1"), None, None)["judged"]

    assert (judged["rejected"], judged["is_writer"]) == (5, True)


def test_accuracy_by_hand_of_these_rows_is_known() -> None:
    found = gather_label_facts(_EXAMPLES, _LEDGER, None, _ACCURACY, _design(r0="Text 0.", r3="Text 3."))

    assert found["by_hand"] == {"accuracy": 0.9, "low": 0.7, "high": 0.97, "rows": 4.0}


@each_of(
    ("accuracy", "design"),
    [
        (_ACCURACY, _design(r0="Text 0.", r3="Another text.")),
        (_ACCURACY, _design(r9="Text 9.")),
        (_ACCURACY, None),
        ({**_ACCURACY, "label/rows": 7.0}, _design(r0="Text 0.")),
        ({**_ACCURACY, "label/accuracy": None}, _design(r0="Text 0.")),
        (None, _design(r0="Text 0.")),
    ],
)
def test_accuracy_of_other_rows_is_not_told(
    accuracy: dict[str, float | None] | None, design: pd.DataFrame | None
) -> None:
    assert gather_label_facts(_EXAMPLES, _LEDGER, None, accuracy, design)["by_hand"] is None
