"""One reason a row, the first that applies; of rows alike the first in plan order stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, normalised
from synthetic_textcat.pipelines.quality_report.checks.verdicts import judge
from synthetic_textcat.schemas.outcomes import REJECT_REASONS
from synthetic_textcat.schemas.parameters import QualityReportParameters
from tests.pipelines.quality_report.builders import candidate, open_candidate

_SETTINGS = QualityReportParameters()


def _reasons(rows: list[Candidate]) -> list[str | None]:
    return [verdict and verdict.reason for verdict in judge(rows, _SETTINGS)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (candidate(input_text="", label="x", misleading_label="x"), "empty_field"),
        (candidate(label="x", misleading_label="x", input_text="x"), "label_not_in_set"),
        (candidate(misleading_label="x", label="good"), "misleading_label_not_in_set"),
        (candidate(label="good", misleading_label="good", input_text="good"), "same_labels"),
        (candidate(label="good", misleading_label="bad", input_text="good"), "label_not_as_planned"),
        (candidate(input_text="bad"), "label_leaked"),
        (candidate(), None),
    ],
)
def test_the_first_reason_in_the_public_order_wins(row: Candidate, reason: str | None) -> None:
    assert _reasons([row]) == [reason]


def test_a_verdict_has_words() -> None:
    (verdict,) = judge([candidate(label="mixed")], _SETTINGS)
    assert verdict is not None
    assert verdict == ("label_not_as_planned", "planned 'bad', got 'mixed'")


def test_of_equal_texts_the_first_in_plan_order_stays() -> None:
    texts = ["One.", "Two.", "one.", " ONE. ", "\uff34\uff57\uff4f."]
    rows = [open_candidate(request_id=f"r{place}", input_text=text) for place, text in enumerate(texts)]
    assert _reasons(rows) == [None, None, "exact_duplicate", "exact_duplicate", "exact_duplicate"]
    details = [verdict and verdict.detail for verdict in judge(rows, _SETTINGS)]
    assert details[2:] == ["same text as r0", "same text as r0", "same text as r1"]


_TEXT = "The soup came cold, the waiter shrugged, and the bill had a dish on it that nobody at our table had asked for."
_NEARLY = _TEXT.replace("soup", "stew")


def test_of_nearly_equal_texts_the_first_in_plan_order_stays_of_whatever_task() -> None:
    rows = [candidate(input_text=_TEXT), open_candidate(request_id="r1", input_text=_NEARLY.upper())]
    assert judge(rows, _SETTINGS) == [None, ("near_duplicate", "0.87 like r0")]


def test_how_near_is_a_setting() -> None:
    rows = [candidate(input_text=_TEXT), candidate(request_id="r1", input_text=_NEARLY)]
    assert judge(rows, QualityReportParameters(near_duplicate_similarity=0.9)) == [None, None]


def test_equal_texts_are_exact_duplicates_and_not_near_ones() -> None:
    rows = [candidate(request_id=f"r{place}", input_text=text) for place, text in enumerate([_TEXT, _TEXT, _NEARLY])]
    assert _reasons(rows) == [None, "exact_duplicate", "near_duplicate"]


def test_a_text_like_a_rejected_one_stays() -> None:
    rows = [candidate(label="mixed", input_text=_TEXT), candidate(request_id="r1", input_text=_NEARLY)]
    assert _reasons(rows) == ["label_not_as_planned", None]


def test_a_rejected_row_takes_no_other_with_it() -> None:
    rejected = candidate(request_id="r0", label="mixed")
    assert _reasons([rejected, candidate(request_id="r1")]) == ["label_not_as_planned", None]


def test_a_row_that_fails_alone_is_no_duplicate() -> None:
    assert _reasons([candidate(), candidate(request_id="r1", label="mixed")]) == [None, "label_not_as_planned"]


_LABELS = st.sampled_from(["good", "bad", "mixed", "x", ""])
_TEXTS = st.sampled_from(["One.", "one. ", "Two.", "bad", "", "Three."])
_ROWS = st.lists(st.tuples(_TEXTS, _LABELS, _LABELS), max_size=12)


@settings(deadline=None, max_examples=60)
@given(_ROWS)
def test_every_row_has_one_verdict_and_accepted_texts_are_distinct(triples: list[tuple[str, str, str]]) -> None:
    rows = [
        candidate(request_id=f"r{place}", input_text=text, label=label, misleading_label=misleading)
        for place, (text, label, misleading) in enumerate(triples)
    ]
    reasons = _reasons(rows)
    assert len(reasons) == len(rows)
    assert set(reasons) <= {None, *REJECT_REASONS}
    accepted = [normalised(row.input_text) for row, reason in zip(rows, reasons, strict=True) if reason is None]
    assert len(set(accepted)) == len(accepted)
    longer = [*rows, candidate(request_id="more", input_text="Four.")]
    assert _reasons(longer)[:-1] == reasons
