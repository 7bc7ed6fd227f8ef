"""Where rows are lost."""

from synthetic_textcat.pipelines.quality_report.signals.losses import losses
from tests.pipelines.quality_report.signals.made_corpus import corpus_of


def test_tasks_and_languages_are_told_with_their_commonest_reason_the_lowest_yield_first() -> None:
    leaked, german = {"reject_reason": "label_leaked"}, {"language": "German"}
    corpus = corpus_of(
        {},
        {},
        {**german, **leaked},
        {**german, **leaked},
        {**german, "reject_reason": "wrong_language"},
        {**german, "failure_cause": "refused"},
    )
    tables = losses(corpus).tables
    assert tables["losses_by_language"] == [
        {
            "language": "German",
            "planned": 4,
            "accepted": 0,
            "rejected": 3,
            "rest": 1,
            "yield": 0.0,
            "reason": "label leaked (2)",
        },
        {"language": "English", "planned": 2, "accepted": 2, "rejected": 0, "rest": 0, "yield": 1.0, "reason": None},
    ]
    [task] = tables["losses_by_task"]
    assert (task["planned"], task["accepted"], task["reason"]) == (6, 2, "label leaked (2)")


def test_nothing_planned_has_no_lines() -> None:
    assert losses(corpus_of()).tables == {"losses_by_task": [], "losses_by_language": []}
