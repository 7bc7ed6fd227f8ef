"""The comparison of two runs, as a user opens it."""

import pytest
from playwright.sync_api import Browser

from synthetic_textcat.pipelines.compare.nodes import (
    find_changes,
    find_row_differences,
    measure_differences,
    pair_rows,
    write_comparison,
)
from tests.browser.watched import Watched
from tests.pipelines.compare.builders import leaked, outcomes, run

_HOSTILE = '<img src="http://elsewhere.test/x.png" onerror="alert(1)">'


@pytest.fixture(scope="module")
def page_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    tasks = [{"task_id": f"t{number % 3}", "language": ("English", "German")[number % 2]} for number in range(200)]
    before = run(outcomes=outcomes([{**task, **(leaked() if n < 60 else {})} for n, task in enumerate(tasks)]))
    after = run(
        run_id="b2",
        name="generate-b",
        prompts={"closed_labels.yml": f"one\n{_HOSTILE}\n"},
        outcomes=outcomes([{**task, "input_text": f"{_HOSTILE} {n}"} for n, task in enumerate(tasks)]),
    )
    pairing = pair_rows(before, after)
    html, _ = write_comparison(
        before,
        after,
        pairing,
        find_changes(before, after),
        measure_differences(pairing, before, after, 42),
        find_row_differences(pairing),
    )
    path = tmp_path_factory.mktemp("comparison") / "comparison.html"
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("dark", [False, True])
def test_it_shows_both_runs_and_runs_no_script_of_a_model(dark: bool, page_url: str, browser: Browser) -> None:
    with Watched(browser, dark=dark) as watched:
        page = watched.goto(page_url)
        assert "generate-b" in page.locator("body").inner_text()
        assert page.locator("img").count() == 0


def test_its_filters_leave_the_rows_that_are_asked_for(page_url: str, browser: Browser) -> None:
    with Watched(browser) as watched:
        page = watched.goto(page_url)
        shown = page.locator("table.rows tbody tr:not([hidden])")
        everything = shown.count()
        page.locator("select[name=language]").select_option("German")
        assert 0 < shown.count() < everything
        assert {row.get_attribute("data-language") for row in shown.all()} == {"German"}
        assert page.locator("[data-count]").all_text_contents() == ["10 of 20 shown"] * 2
