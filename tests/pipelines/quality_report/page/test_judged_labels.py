"""Judged labels on the page and in the figure: shown if a row is judged, escaped, readable for large label sets."""

from functools import cache

import pytest

from synthetic_textcat.pipelines.quality_report.concerns import assess
from synthetic_textcat.pipelines.quality_report.ledger import merged, row_metrics
from synthetic_textcat.pipelines.quality_report.page.heat_maps import MOST_LABELS, confusions
from synthetic_textcat.pipelines.quality_report.page.page import Report, pointed_at, render
from synthetic_textcat.pipelines.quality_report.page.plots import confusion_figure
from synthetic_textcat.pipelines.quality_report.signals.agreement import label_agreement
from synthetic_textcat.pipelines.quality_report.signals.corpus import SignalResult
from synthetic_textcat.schemas.block import Least
from synthetic_textcat.schemas.label_verdicts import NONE_OF_THESE
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL, TEMPLATE_JUDGE
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import as_table
from tests.pipelines.quality_report.builders import ledger
from tests.pipelines.quality_report.signals.judged import OPEN_TASK, TASK, TASKS, Judged, judged, together

_SPENT = {"tokens/per_accepted": None, "cost/usd_per_accepted": None, "time/call_s_per_accepted": None}
_SCRIPT = "<script>alert('x')</script>"
LARGE = Task.model_validate({"task": "Sort an intent.", "labels": [f"intent_{number:02}" for number in range(60)]})


def _found(rows: Judged, *tasks: Task) -> SignalResult:
    return label_agreement(
        (as_table(rows.candidates),), as_table(rows.verdicts), {**TASKS, **{task.task_id: task for task in tasks}}
    )


def _page(rows: Judged, *tasks: Task, measured: SignalResult | None = None) -> str:
    found = measured or _found(rows, *tasks)
    worst = {name: [{**row} for row in own] for name, own in found.worst.items()}
    return render(
        Report(
            ledger=ledger(),
            metrics=merged(row_metrics(ledger()), {"yield/all": 0.6}, _SPENT, found.metrics),
            tables=found.tables,
            worst=pointed_at(worst, (as_table(rows.candidates),)),  # type: ignore[arg-type]
        )
    )


def test_the_page_names_pairs_with_texts_and_the_next_step() -> None:
    page = _page(judged([("billing", "billing")] * 8 + [("billing", "delivery")] * 4 + [("praise", NONE_OF_THESE)]))

    assert "Labels, judged blind" in page
    assert "4 of 12 rows mixed up: 4 planned as billing and judged delivery, 0 the other way" in page
    assert "Next: describe the border between billing and delivery in tasks.yml." in page
    assert page.count("planned as billing</span>") == 3
    assert 'id="rows-disputes"' in page
    assert "planned \\ judged" in page
    assert "lower end of the 95 % interval" in page


def test_without_a_verdict_the_page_has_none_of_it() -> None:
    rows = judged([("billing", "billing")])
    page = _page(Judged(rows.candidates, rows.verdicts.head(0)))

    for word in ("judge", "disput", "planned \\", "mixed up"):
        assert word not in page.casefold()


def test_labels_and_texts_are_escaped() -> None:
    task = Task.model_validate({"task": _SCRIPT, "labels": [_SCRIPT, "other"]})
    rows = judged([(_SCRIPT, "other"), ("other", _SCRIPT)], task, input_text=_SCRIPT)

    page = _page(rows, task)

    assert _SCRIPT not in page
    assert "&lt;script&gt;" in page


def test_a_large_label_set_shows_the_labels_that_are_mixed_up_and_no_others() -> None:
    names = LARGE.label_names
    rows = [(name, name) for name in names] * 2 + [(names[40], names[3])] * 5

    (matrix,) = confusions(_found(judged(rows, LARGE), LARGE).tables["label_confusion"])

    assert list(matrix.rows) == [names[3], names[40]]
    assert (matrix.left_out, matrix.disputed) == (58, 5)
    cell = matrix.rows[names[40]][matrix.judged.index(names[3])]
    assert (cell.rows, cell.agrees) == (5, False)
    assert cell.share == pytest.approx(5 / 7)


def test_of_many_labels_that_are_mixed_up_the_worst_are_shown() -> None:
    names = LARGE.label_names
    rows = judged([(name, NONE_OF_THESE) for name in names] + [(names[40], names[3])] * 5, LARGE)
    measured = _found(rows, LARGE)

    (matrix,) = confusions(measured.tables["label_confusion"])

    assert len(matrix.rows) == MOST_LABELS
    assert {names[40], names[3]} <= set(matrix.rows)
    assert "40 labels that are mixed up less, or not at all, are left out" in _page(rows, LARGE, measured=measured)


def test_a_large_label_set_without_a_dispute_shows_the_labels_with_the_most_rows() -> None:
    names = LARGE.label_names

    (matrix,) = confusions(_found(judged([(names[50], names[50])], LARGE), LARGE).tables["label_confusion"])

    assert names[50] in matrix.rows
    assert (len(matrix.rows), matrix.disputed) == (MOST_LABELS, 0)


def test_columns_without_a_label_are_shown_if_they_have_rows() -> None:
    plain, odd = (
        confusions(found.tables["label_confusion"])[0].judged
        for found in (_disputed(10), _found(judged([("billing", None), ("billing", NONE_OF_THESE)])))
    )

    assert plain == ["billing", "delivery", "praise"]
    assert odd == [*plain, NONE_OF_THESE, "undecided"]


def test_of_an_open_set_both_labels_count_as_agreed() -> None:
    (matrix,) = confusions(
        _found(judged([("glad", "both"), ("glad", "sad"), ("glad", None)], OPEN_TASK, "sad")).tables["label_confusion"]
    )

    assert matrix.judged == ["the label", "the misleading label", "both", "undecided"]
    assert [cell.agrees for cell in matrix.rows["the label"]] == [True, False, True, False]


def test_the_figure_has_a_menu_of_tasks_and_all_labels() -> None:
    rows = together(
        [judged([("billing", "delivery")] * 2), judged([(LARGE.label_names[0], LARGE.label_names[1])], LARGE)]
    )

    figure = confusion_figure(_found(rows, LARGE).tables["label_confusion"])

    assert [trace.visible for trace in figure.data] == [True, False]
    assert [button.label for button in figure.layout.updatemenus[0].buttons] == [TASK.task, LARGE.task]
    assert len(figure.data[1].y) == 60
    assert figure.layout.updatemenus[0].buttons[1].args[1]["height"] > 60 * 20
    assert "nothing to show" in confusion_figure([]).layout.title.text


@cache
def _disputed(rows: int) -> SignalResult:
    """Of 160 rows, of which so many are disputed."""
    return _found(judged([("billing", "billing")] * (160 - rows) + [("billing", "delivery")] * rows))


@pytest.mark.parametrize(("disputed", "is_beyond"), [(10, False), (40, True)])
def test_low_agreement_is_a_concern_if_its_interval_lies_beyond_the_threshold(disputed: int, is_beyond: bool) -> None:
    found = _disputed(disputed)

    says = [
        concern["says"]
        for concern in assess(ledger(rejected={}), found.metrics, QualityReportParameters(), found.tables)
    ]

    beyond = "The judge agrees with too few labels: 75.0% of 160 rows (95% interval 67.8% to 81.1%); "
    assert says == ([f"{beyond}it mixes up billing and delivery most"] if is_beyond else [])


def test_low_agreement_can_fail_the_run() -> None:
    found = _disputed(40)
    settings = QualityReportParameters()
    settings = settings.model_copy(
        update={"thresholds": settings.thresholds.model_copy(update={"label_agreement": Least(warn=0.9, fail=0.85)})}
    )

    (concern,) = assess(ledger(rejected={}), found.metrics, settings, found.tables)

    assert (concern["level"], concern["signal"]) == ("fail", "disputes")


def test_many_ambiguous_texts_are_a_concern() -> None:
    found = _found(judged([("glad", "glad")] * 16 + [("glad", "both")] * 4, OPEN_TASK, "sad"))

    (concern,) = assess(ledger(rejected={}), found.metrics, QualityReportParameters(), found.tables)

    assert concern["says"] == "20.0% of the judged texts fit their misleading label too"
    assert "on_ambiguous" in concern["then"]


def test_a_judge_that_wrote_the_rows_is_a_concern() -> None:
    own, templates = (
        assess(ledger(rejected={}), found.metrics, QualityReportParameters(), found.tables)
        for name in ("model-1", OFFLINE_MODEL)
        for found in [_found(judged([("billing", "billing")] * 3, model_name=name))]
    )

    assert [concern["says"] for concern in own] == [
        "The judge (model-1) wrote 3 of 3 judged rows itself, and a model agrees with itself"
    ]
    assert [concern["says"] for concern in templates] == [TEMPLATE_JUDGE.rstrip(".")]
