"""Kedro-Viz and the quality report of one run, in which a task's sentence tries to be a script."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from synthetic_textcat.pipeline_registry import register_pipelines
from tests.browser.site import HOSTILE, Site, running_site
from tests.browser.watched import Watched

_PANEL = ".pipeline-metadata"
_NODES = ":is(.pipeline-node--data, .pipeline-node--task)"
_STAGES = {
    *("task_ingest", "attribute_sampling", "generation", "row_checks", "label_check", "quality_report", "export"),
}
_EXPANDED = ".pipeline-metadata-modal"
_SHOWN = {
    "tasks_file": f"td:has-text({json.dumps(HOSTILE)})",
    "requests": "td:has-text('English')",
    "closed_prompt": "span:has-text('You write realistic texts')",
    "yield_plot": ".js-plotly-plot .barlayer .point",
    "prompt_preview": "pre:has-text('planned rows, as the model will be asked')",
    "quality_report": "pre:has-text('of 60 planned rows accepted')",
}
"""Of each kind of preview one, with what it must show."""

_NO_HINTS = "localStorage.setItem('KedroViz', JSON.stringify({showFeatureHints: false}))"
_NO_MOTION = "*, *::before, *::after { transition: none !important; animation: none !important; }"
_SHADES = """() => {
    const shade = (color) => {
        const paint = document.createElement('canvas').getContext('2d');
        paint.fillStyle = color; paint.fillRect(0, 0, 1, 1);
        return paint.getImageData(0, 0, 1, 1).data.slice(0, 3).reduce((a, b) => a + b) / 3;
    };
    document.body.style.background = 'Canvas';
    const shown = (name) => getComputedStyle(document.querySelector(name));
    return [shade(shown('body').backgroundColor), shade(shown('h1').color)];
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    with Watched(browser) as watched:
        watched.page.add_init_script(_NO_HINTS)
        yield watched


def test_the_graph_shows_and_every_pipeline_can_be_chosen(site: Site, watched: Watched) -> None:
    page = watched.goto(site.viz("generate"))
    page.locator(".pipeline-node").first.wait_for()
    stages = page.locator(".pipeline-node--modularPipeline")
    assert set(stages.evaluate_all("nodes => nodes.map(node => node.dataset.nodeFullname)")) == _STAGES
    assert page.locator(".pipeline-node--task").count() == 0
    page.locator(".pipeline-list .dropdown__label").click()
    options = page.locator(".pipeline-list .menu-option")
    options.get_by_text("quote", exact=True).wait_for()  # the list opens with an empty option
    assert set(options.all_inner_texts()) == register_pipelines().keys()
    options.get_by_text("quote", exact=True).click()
    expect(stages.and_(page.locator("[data-node-fullname='quote']"))).to_contain_text("quote")


def test_a_preview_of_each_kind_opens(site: Site, watched: Watched) -> None:
    page = watched.goto(site.viz("generate"))
    page.add_style_tag(content=_NO_MOTION)
    for node, shown in _SHOWN.items():
        page.locator(f"{_NODES}[data-node-fullname='{node}']").dispatch_event("click")
        page.locator(f"{_PANEL} {shown}").first.wait_for()
    page.get_by_text("Expand preview").click()
    page.locator(f"{_EXPANDED} {shown}").first.wait_for()


@pytest.mark.parametrize("dark", [False, True])
def test_the_report_can_be_read_by_day_and_by_night(dark: bool, site: Site, browser: Browser) -> None:
    with Watched(browser, dark=dark) as watched:
        background, ink = watched.goto(site.report).evaluate(_SHADES)
        assert (background < 100) == dark
        assert abs(background - ink) > 150


def test_the_reports_filters_leave_the_rows_that_are_asked_for(site: Site, watched: Watched) -> None:
    page = watched.goto(site.report)
    shown = page.locator("table.rows tbody tr:not([hidden])")
    everything, task = shown.count(), page.locator("select[name=task]")
    chosen = task.locator("option").nth(1).get_attribute("value")
    task.select_option(chosen)
    assert 0 < shown.count() < everything
    assert {row.get_attribute("data-task") for row in shown.all()} == {chosen}
    assert "shown" in " ".join(page.locator("[data-count]").all_text_contents())
    task.select_option("")
    assert shown.count() == everything


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", sorted(register_pipelines().keys() - {"__default__", "generate"}))
def test_every_node_of_every_pipeline_opens(pipeline: str, site: Site, watched: Watched) -> None:
    page = watched.goto(f"{site.viz(pipeline)}&expandAllPipelines=true")
    page.add_style_tag(content=_NO_MOTION)
    nodes = page.locator(_NODES)
    nodes.first.wait_for()
    for name in nodes.evaluate_all("nodes => nodes.map(node => node.dataset.nodeFullname)"):
        page.locator(f"{_NODES}[data-node-fullname='{name}']").first.dispatch_event("click")
        page.locator(f"{_PANEL} .pipeline-metadata__title", has_text=name).wait_for()
