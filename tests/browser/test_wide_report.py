"""A report with 77 labels in three languages, on a screen and on a telephone."""

from collections import defaultdict

import pytest
from playwright.sync_api import Browser

from synthetic_textcat.pipelines.quality_report.concerns import Concern
from synthetic_textcat.pipelines.quality_report.page.page import Report, render
from tests.browser.watched import Watched
from tests.pipelines.quality_report.builders import ledger

_NO_METRICS: dict[str, float | None] = defaultdict(lambda: None)
_LANGUAGES = ("German", "English", "Turkish")
_LABELS = [f"confirm_the_receipt_of_the_address_for_order_{number}" for number in range(77)]
_TASKS = [f"Find out, in the words of a customer of a German shop, the intent number {number}." for number in range(3)]

_CELLS = [
    {"down": label, "across": language, "accepted": min(6, number), "target": 6}
    for number, label in reversed([*enumerate(_LABELS)])
    for language in _LANGUAGES
]
_NESTED = [
    {"down": label, "across": _TASKS[number % 3], "accepted": min(6, number // 3), "target": 6}
    for number, label in reversed([*enumerate(_LABELS)])
]
_TASK = "Find out what a customer of a shop wants, in the words of the customer, and send it to the right team."
_LOSSES = [
    {
        "task": _TASK,
        "planned": 1234,
        "accepted": 1000,
        "rejected": 230,
        "rest": 4,
        "yield": 0.81,
        "reason": "refused (9)",
    }
]
_CONCERN = Concern(
    level="warn",
    weight=0.1,
    parameter="quality_report.thresholds.language_agreement_lowest.warn=0.9",
    says="80.0% of the texts are short",
    then="look",
    signal="",
)
_COSTS: dict[str, float | None] = defaultdict(lambda: None, {"calls/this_configuration": 1234.0})
_CELLS_APART = """() => [...document.querySelectorAll('.stacked td, table.rows td')]
    .filter(cell => cell.checkVisibility()).map(cell => cell.getBoundingClientRect())
    .map(place => [place.right, place.height])"""
_BEYOND = """() => [...document.querySelectorAll('.cell')]
    .filter(cell => cell.checkVisibility() && cell.getBoundingClientRect().right > innerWidth).length"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("table", [_CELLS, _NESTED], ids=["label by language", "label by task"])
def test_every_cell_is_on_the_screen_the_emptiest_first(
    table: list[dict[str, object]], width: int, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(
        render(Report(ledger=ledger(), metrics=_NO_METRICS, tables={"quota_matrix": table})), encoding="utf-8"
    )
    with Watched(browser, width=width) as watched:
        page = watched.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(_BEYOND) == 0
        assert page.locator(".cell").count() == len(table)
        assert "none" in (page.locator(".cell").first.get_attribute("class") or "")
        page.locator("details.more summary").first.click()
        assert page.evaluate(_BEYOND) == 0


def test_on_a_telephone_a_table_with_long_texts_is_stacked_and_no_cell_is_cut(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("report") / "report.html"
    report = Report(ledger=ledger(), metrics=_COSTS, tables={"losses_by_task": _LOSSES}, concerns=[_CONCERN])
    path.write_text(render(report), encoding="utf-8")
    with Watched(browser, width=390) as watched:
        page = watched.goto(path.as_uri())
        cells = page.evaluate(_CELLS_APART)
        assert len(cells) > 20
        assert max(right for right, _ in cells) <= 390
        assert max(height for _, height in cells) < 100
