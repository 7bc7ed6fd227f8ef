"""What is wrong with a run, and whether that ends it in an error."""

from typing import Any

from synthetic_textcat.pipelines.quality_report.concerns import Concern, assess, complaint
from synthetic_textcat.pipelines.quality_report.threshold_rules import RULES
from synthetic_textcat.schemas.block import Least, Most, Thresholds
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.stops import Outage, PausedTask, Stops
from tests.pipelines.quality_report.builders import ledger
from tests.support.each_case import each_of

_SETTINGS = QualityReportParameters()


def _of_yield(accepted: int, not_run: int, min_yield: float = 0.5) -> list[Concern]:
    rejected = {"label_leaked": 10 - accepted - not_run}
    made = ledger(accepted=accepted, rejected=rejected, failed={}, not_run=not_run)
    return assess(made, {}, QualityReportParameters(min_yield=min_yield), {})


def test_a_yield_below_the_threshold_is_reported_with_its_causes() -> None:
    made = ledger(accepted=4, rejected={"label_leaked": 2}, failed={"invalid_json": 3})
    line = complaint(assess(made, {}, _SETTINGS, {}))
    assert line is not None
    assert line.startswith("Only 4 of 9 rows were accepted (quality_report.min_yield=0.5). Everything is saved. Next: ")
    assert "invalid_json (3), label_leaked (2)" in line


@each_of(("accepted", "not_run", "is_low"), [(4, 2, False), (3, 2, True), (5, 0, False), (0, 10, False)])
def test_the_yield_is_measured_on_the_rows_that_were_run(accepted: int, not_run: int, is_low: bool) -> None:
    assert bool(_of_yield(accepted, not_run)) is is_low


def test_no_threshold_is_ever_missed_by_a_whole_run_or_by_a_threshold_of_nothing() -> None:
    assert _of_yield(accepted=10, not_run=0, min_yield=1.0) == []
    assert _of_yield(accepted=0, not_run=0, min_yield=0.0) == []


_MANY = ledger(accepted=90_000, rejected={"label_leaked": 10_000})
"""So many rows that each interval is narrow."""


@each_of(("rate", "level"), [(0.02, None), (0.021, "warn"), (0.1, "warn"), (0.11, "fail")])
def test_a_metric_beyond_its_threshold_is_a_warning_or_a_failure(rate: float, level: str | None) -> None:
    concerns = assess(_MANY, {"rate/label_leaked": rate}, _SETTINGS, {})
    assert [concern["level"] for concern in concerns] == ([level] if level else [])
    assert (complaint(concerns) is not None) is (level == "fail")


def test_with_a_full_quota_the_yield_and_lost_replies_only_warn() -> None:
    settings, poor = QualityReportParameters(), {"rate/label_leaked": 0.9, "quota/cells": 77, "quota/missing": 0}
    full = assess(ledger(accepted=2, rejected={"label_leaked": 6}), poor, settings, {})
    short = assess(ledger(accepted=2, rejected={"label_leaked": 6}), {**poor, "quota/missing": 1}, settings, {})
    assert {concern["level"] for concern in full} == {"warn"}
    assert complaint(full) is None
    assert "fail" in {concern["level"] for concern in short}


@each_of(("share", "level"), [(1.0, None), (0.95, None), (0.94, "warn"), (0.79, "fail")])
def test_where_low_is_worse_the_threshold_is_a_least_value(share: float, level: str | None) -> None:
    concerns = assess(_MANY, {"rate/parsed": share}, _SETTINGS, {})
    assert [concern["level"] for concern in concerns] == ([level] if level else [])


@each_of(
    ("leaked", "rows", "level"),
    [
        (1, 8, "warn"),
        (1, 1, "fail"),  # 21 % to 100 %
        (1, 2, "warn"),
        (2, 3, "fail"),
        (4, 20, "warn"),
        (5, 20, "fail"),
        (15, 100, "warn"),
        (16, 100, "fail"),
        (118, 1_000, "warn"),
        (119, 1_000, "fail"),
    ],
)
def test_a_share_fails_the_run_only_on_enough_rows(leaked: int, rows: int, level: str) -> None:
    made = ledger(accepted=rows - leaked, rejected={"label_leaked": leaked}, failed={}, not_run=0)
    settings = QualityReportParameters(min_yield=0)

    [concern] = assess(made, {"rate/label_leaked": leaked / rows}, settings, {})

    assert concern["level"] == level
    assert ("not enough rows to judge" in concern["says"]) is (level == "warn")
    assert concern["parameter"] == "quality_report.thresholds.leaked.fail=0.1"


def test_the_rows_that_are_too_few_are_told_with_the_interval() -> None:
    made = ledger(accepted=7, rejected={"label_leaked": 1}, failed={}, not_run=0)
    [concern] = assess(made, {"rate/label_leaked": 1 / 8}, _SETTINGS, {})
    finding, _, remark = concern["says"].partition(" (")
    assert finding == "12.5% of the candidates name a label in the text"
    assert remark == "8 rows: not enough rows to judge; 95% interval 2.2% to 47.1%)"


def test_each_share_is_judged_on_its_own_rows() -> None:
    worst = Thresholds(
        language_agreement=Least(warn=None, fail=0.9),
        language_agreement_lowest=Least(warn=None, fail=0.9),
        length_in_bucket=Least(warn=None, fail=0.9),
        label_noise=Most(warn=None, fail=0.1),
        coverage=Most(warn=None, fail=0.1),
    )
    metrics = {
        "language/agreement": 0.8,
        "language/agreement_lowest": 0.8,
        "length/in_bucket": 0.8,
        "label_noise/rate": 0.2,
        "coverage/largest": 0.2,
        "rate/parsed": 0.6,
    }

    def levels(rows: int) -> dict[str, str]:
        tables: dict[str, list[dict[str, Any]]] = {
            "language_agreement": [{"language": "German", "agreement": 0.8, "agrees": rows - 4, "wrong": 4}],
            "length": [{"rows": rows}],
            "label_noise": [{"rows": rows, "rate": 0.2}, {"rows": 1_000, "rate": None}],
        }
        made = ledger(accepted=6, rejected={}, failed={"invalid_json": rows - 6}, not_run=0)
        concerns = assess(made, metrics, QualityReportParameters(min_yield=0, thresholds=worst), tables)
        return {concern["parameter"].split(".")[2]: concern["level"] for concern in concerns}

    own = {"language_agreement", "length_in_bucket", "label_noise", "parsed"}
    assert {name for name, level in levels(10).items() if level == "warn"} == own | {"language_agreement_lowest"}
    assert set(levels(400).values()) == {"fail"}
    assert levels(10)["coverage"] == "fail"  # no share of rows


def test_paused_tasks_are_not_among_the_rows_that_a_rate_is_judged_on() -> None:
    metrics = {"rate/label_leaked": 0.125, "rows/candidates": 8, "rows/answered": 8}
    [concern] = assess(_MANY, metrics, _SETTINGS, {})
    assert concern["level"] == "warn"


def test_a_metric_that_can_not_be_known_raises_no_concern() -> None:
    assert assess(ledger(), dict.fromkeys(rule.metric for rule in RULES.values()), _SETTINGS, {}) == []


def test_failures_come_first_and_each_kind_by_weight() -> None:
    metrics = {
        "rate/label_leaked": 0.2,
        "rate/near_duplicate": 0.3,
        "rate/exact_duplicate": 0.9,
        "rate/same_labels": 0.5,
    }
    parameters = [concern["parameter"] for concern in assess(_MANY, metrics, _SETTINGS, {})]
    assert parameters == [
        "quality_report.thresholds.near_duplicates.fail=0.2",
        "quality_report.thresholds.leaked.fail=0.1",
        "quality_report.thresholds.exact_duplicates.warn=0.01",
        "quality_report.thresholds.same_labels.warn=0.01",
    ]


def test_a_threshold_of_null_is_never_missed() -> None:
    settings = QualityReportParameters(thresholds=Thresholds(leaked=Most(warn=None, fail=None)))
    assert assess(ledger(), {"rate/label_leaked": 1.0}, settings, {}) == []


def test_every_threshold_of_the_parameters_has_a_rule() -> None:
    assert list(RULES) == list(Thresholds.model_fields)


def test_the_yield_comes_first_however_bad_the_rest_is() -> None:
    metrics = {"rate/parsed": 0.0, "rate/label_leaked": 1.0}
    first = assess(ledger(accepted=4, rejected={"label_leaked": 2}, failed={"refused": 3}), metrics, _SETTINGS, {})[0]
    assert first["parameter"] == "quality_report.min_yield=0.5"
    assert "refused (3)" in first["then"]


def test_weight_is_how_far_beyond_the_threshold_whatever_the_scale() -> None:
    metrics = {"rate/near_duplicate": 0.19, "shortcut/longer_side": 0.71, "learnability/macro_f1": 0.49}
    names = [concern["parameter"].split(".")[2] for concern in assess(ledger(), metrics, _SETTINGS, {})]
    assert names == ["near_duplicates", "longer_label", "learnability"]


def test_the_worst_language_task_and_value_are_named() -> None:
    language = {"agreement": 0.5, "agrees": 40, "wrong": 40}
    few = {"language": "Latin", "agreement": 0.1, "agrees": 1, "wrong": 9}
    tables: dict[str, list[dict[str, Any]]] = {
        "language_agreement": [
            few,
            {"language": "German", **language},
            {"language": "English", **language, "agreement": 1},
        ],
        "label_balance": [
            {"task": "Too few.", "rows": 4, "labels": 2, "entropy": 0.1},
            {"task": "Uneven.", "rows": 40, "labels": 2, "entropy": 0.5},
            {"task": "Of one label.", "rows": 40, "labels": 1, "entropy": None},
        ],
        "coverage": [{"attribute": "language", "value": "Hindi"}],
        "readability": [
            {"language": language, "difficulty": difficulty, "rows": rows, "median": median}
            for language, rows, medians in (("Danish", 30, (40, 50)), ("Dutch", 30, (50, 50)), ("Czech", 29, (9, 8)))
            for difficulty, median in zip(("high school", "PhD"), medians, strict=True)
        ],
    }
    metrics = {
        "language/agreement_lowest": 0.5,
        "labels/entropy_lowest": 0.5,
        "coverage/largest": 0.4,
        "readability/ordered": 0.5,
    }
    said = " ".join(concern["says"] for concern in assess(ledger(), metrics, _SETTINGS, tables))
    assert ": German" in said
    assert ": Uneven." in said
    assert ": language Hindi" in said
    assert "with the requested difficulty in 50% of the languages: not in Dutch" in said
    assert "Danish" not in said
    assert "Czech" not in said


def _after_an_outage(good: int, **failed: int) -> list[Concern]:
    made = ledger(planned=200, accepted=good, rejected={}, failed=failed, not_run=200 - good - sum(failed.values()))
    return assess(made, {}, _SETTINGS, {}, Stops(outage=Outage(cause="rate_limited", words="slow down")))


def test_after_an_outage_rows_without_a_reply_do_not_count_as_run() -> None:
    assert _after_an_outage(20, rate_limited=60, timeout=4) == []
    assert _after_an_outage(0, rate_limited=60) == []
    (concern,) = _after_an_outage(9, refused=11, rate_limited=60)
    assert concern["says"] == "Only 9 of 20 rows were accepted"
    without = ledger(planned=200, accepted=20, rejected={}, failed={"rate_limited": 60}, not_run=120)
    assert assess(without, {}, _SETTINGS, {})[0]["says"] == "Only 20 of 80 rows were accepted"


def test_a_paused_task_is_a_warning_that_comes_first_and_says_what_to_do() -> None:
    task = PausedTask(task_id="t", task="Sort mail.", reason="refused", detail="I can't", replies=21, not_asked=79)
    concerns = assess(ledger(), {"rate/parsed": 0.9}, _SETTINGS, {}, Stops(paused=(task,)))
    assert [concern["parameter"].partition("=")[0] for concern in concerns] == [
        "generation.pause_task_after",
        "quality_report.thresholds.parsed.warn",
    ]
    assert concerns[0]["level"] == "warn"
    assert "Sort mail. Its first 21 replies were all refused (I can't); 79 of its rows" in concerns[0]["says"]
