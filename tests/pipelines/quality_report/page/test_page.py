"""The report: one file, no reference to elsewhere, and model text is data in it."""

import re
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.pipelines.quality_report.metrics import (
    Metrics,
    merged,
    row_metrics,
)
from synthetic_textcat.pipelines.quality_report.nodes import plot_yield, write_report
from synthetic_textcat.pipelines.quality_report.page.page import SAMPLE_SIZE, Shown, render, sample
from synthetic_textcat.pipelines.quality_report.spending import add_up, spending_metrics
from synthetic_textcat.schemas.offline_banner import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.prices import PriceList, usd
from synthetic_textcat.schemas.rows import EXAMPLES, FAILED, REJECTED, to_frame
from tests.llm.builders import completion
from tests.pipelines.quality_report.builders import COST, PRICES, ROW, example_frame, ledger

_SCRIPT = "<script>alert('x')</script>"
_FAILED: dict[str, Any] = {**ROW, "failure_cause": "invalid_json", "detail": "no JSON", "attempts": 3}


class _Tags(HTMLParser):
    """Counts elements, so that a page that does not close what it opens shows."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _spending(prices: dict[str, Any] = PRICES) -> Metrics:
    plan = pd.DataFrame({"request_id": ["r0"], "task_id": ["t0"], "language": ["English"]})
    return spending_metrics(add_up([completion()], plan, PriceList.read(prices), "run-1"), 6)


def _metrics() -> Metrics:
    return merged(row_metrics(ledger()), {"yield/all": 0.6, "labels/open_tasks": 30, "labels/made": 60}, _spending())


def _page(**changes: Any) -> str:
    rejected = {**ROW, "reject_reason": "label_leaked", "detail": "the text names 'bad'"}
    rows = Shown(accepted=[{**ROW, **changes}], rejected=[{**rejected, **changes}], failed=[{**_FAILED, **changes}])
    return render(ledger(), _metrics(), rows, "model-1", None)


def test_the_page_shows_the_account() -> None:
    page = _page()
    assert "6 of 10 planned rows accepted" in page
    assert "6 + 2 + 1 + 1 = 10" in page
    assert "60.0%" in page
    assert "rejected: label leaked" in page
    assert "failed: invalid json" in page
    assert "They forgot the sauce." in page


@pytest.mark.parametrize("field", ["input_text", "label", "misleading_label", "detail", "task"])
def test_markup_in_a_rows_fields_is_shown_and_not_run(field: str) -> None:
    page = _page(**{field: _SCRIPT})
    assert "<script" not in page
    assert "&lt;script&gt;alert" in page


def test_markup_in_a_models_name_is_shown_and_not_run() -> None:
    page = render(ledger(), _metrics(), Shown(), _SCRIPT, _SCRIPT)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 2


def test_the_page_is_well_formed_and_refers_to_nothing_outside() -> None:
    page = _page()
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert {"src", "href", "srcset", "action"}.isdisjoint(tags.attributes)
    assert {"script", "link", "img", "iframe", "form"}.isdisjoint(tags.seen)
    assert not re.search(r"https?://|//[a-z]|@import|url\(", page)
    assert "default-src 'none'" in page


def test_long_texts_are_cut_short() -> None:
    page = _page(input_text="word " * 5000)
    assert " …" in page
    assert len(page) < 20_000


def test_empty_tables_make_a_page_too() -> None:
    llm = LlmParameters(model="model-1")
    examples, rejected, failed = (to_frame([], columns) for columns in (EXAMPLES, REJECTED, FAILED))
    page = write_report(ledger(accepted=0), _metrics(), examples, rejected, failed, "", llm, 42)
    assert "0 of 10 planned rows accepted" in page
    assert BANNER not in page


@pytest.mark.parametrize(("model", "writer"), [(OFFLINE_MODEL, "x"), ("gpt", OFFLINE_MODEL)])
def test_data_of_templates_says_so(model: str, writer: str) -> None:
    rejected, failed = to_frame([], REJECTED), to_frame([], FAILED)
    examples = example_frame([{"model_name": writer}])
    assert BANNER in write_report(ledger(), _metrics(), examples, rejected, failed, "", LlmParameters(model=model), 42)


def test_a_sample_is_small_stable_and_does_not_depend_on_the_order() -> None:
    rows = [{"request_id": f"r{place}"} for place in range(100)]
    shown = sample(rows, 42)
    assert len(shown) == SAMPLE_SIZE
    assert list(sample(rows[::-1], 42)) == list(shown)
    assert list(sample(rows, 43)) != list(shown)
    fewer = [row for row in rows if row != rows[0]]
    assert len([row for row in sample(fewer, 42) if row in shown]) >= SAMPLE_SIZE - 1


def test_the_plot_has_a_bar_for_each_end() -> None:
    figure = plot_yield(ledger())
    bars = dict(zip(figure.data[0].y, figure.data[0].x, strict=True))
    assert bars == {"accepted": 6, "label leaked": 2, "invalid json": 1, "not run": 1}


def test_cost_is_shown_where_it_is_known_and_named_as_unknown_where_not() -> None:
    unpriced = {**PRICES, "usd_per_million_tokens": {}}
    rows = Shown()
    assert usd(COST) in render(ledger(), _metrics(), rows, "model-1", None)
    without = merged(_metrics(), _spending(unpriced))
    page = render(ledger(), without, rows, "model-1", None)
    assert "$" not in page
    assert "cost unknown" in page


def test_a_run_that_a_cap_stopped_says_so() -> None:
    page = render(ledger(), _metrics(), Shown(), "model-1", None, "generation.max_cost_usd")
    assert "Stopped by generation.max_cost_usd" in page


def test_the_tasks_with_the_most_made_labels_are_listed() -> None:
    made = [{"task": f"Task <{number}>.", "labels": 60 - number, "rows": 70} for number in range(20)]
    page = render(ledger(), _metrics(), Shown(tables={"open_labels": made}), "model-1", None)
    assert "60 different labels for 30 tasks without a label set; the 20 tasks with the most." in page
    assert page.count("Task &lt;") == 20
    assert "Labels that the model made" not in _page()


def test_own_attributes_are_shown_with_what_was_asked_for() -> None:
    rows = [{**ROW, "tone": "angry & loud", "form": None}]
    page = render(ledger(), _metrics(), Shown(accepted=rows, own=["tone", "form"]), "model-1", None)
    assert "English, PhD, clear, less than 10 words, tone: angry &amp; loud</td>" in page
