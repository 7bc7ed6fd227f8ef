"""The report: one file, no reference to elsewhere, and model text is data in it."""

import base64
import hashlib
import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.pipelines.quality_report.concerns import Concern
from synthetic_textcat.pipelines.quality_report.ledger import merged, row_metrics
from synthetic_textcat.pipelines.quality_report.nodes import plot_yield, write_report
from synthetic_textcat.pipelines.quality_report.page.page import (
    SAMPLE_SIZE,
    Report,
    pointed_at,
    render,
    sample,
    shown_rows,
)
from synthetic_textcat.pipelines.quality_report.plan_slices import PlanSlices
from synthetic_textcat.pipelines.quality_report.spending import spending_metrics, sum_spending
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.outcomes import BANNER, FAILURE_CAUSES, OFFLINE_MODEL, REJECT_REASONS
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.prices import PriceList, usd
from synthetic_textcat.schemas.rows import EXAMPLES, FAILED, REJECTED, to_frame
from synthetic_textcat.tables import as_table
from tests.llm.builders import completion, fingerprint
from tests.pipelines.quality_report.builders import COST, PRICES, ROW, example_frame, ledger, planned_calls_of
from tests.support.each_case import each_of

_SCRIPT = "<script>alert('x')</script>"
_REJECTED: dict[str, Any] = {**ROW, "reject_reason": "label_leaked", "detail": "the text names 'bad'"}
_FAILED: dict[str, Any] = {**ROW, "failure_cause": "invalid_json", "detail": "no JSON", "attempts": 3}
_CONCERN = Concern(
    level="fail",
    weight=0.2,
    parameter="quality_report.thresholds.leaked.fail=0.1",
    says="20.0% of the candidates name a label in the text",
    then="say so in the prompt",
    signal="label_leaked",
)


class _Tags(HTMLParser):
    """Counts elements, so that a page that does not close what it opens shows."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name == "href"}
        if tag not in {"meta", "br", "wbr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _tags(page: str) -> _Tags:
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    return tags


def _spending(prices: dict[str, Any] = PRICES) -> Metrics:
    plan = pd.DataFrame({"request_id": ["r0"], "task_id": ["t0"], "language": ["English"]})
    calls = pd.DataFrame({"request_id": ["r0"], "fingerprint": [fingerprint("r0")]})
    lines = planned_calls_of([completion()], plan, calls)
    slices = PlanSlices.of(as_table(plan))
    return spending_metrics(sum_spending([lines], slices, PriceList.read(prices), "run-1", "model-1"), 6)


@cache
def _usual_spending() -> Metrics:
    return _spending()


def _metrics() -> Metrics:
    counts = {"yield/all": 0.6, "labels/open_tasks": 30, "labels/made": 60}
    return merged(row_metrics(ledger()), counts, _usual_spending())


def _report(**fields: Any) -> Report:
    return Report(**{"ledger": ledger(), "metrics": _metrics(), "model": "model-1", **fields})


def _page(**changes: Any) -> str:
    """A page with a row of each kind, with changes."""
    tables = {
        "accepted": as_table(example_frame([changes])),
        "rejected": as_table(to_frame([{**_REJECTED, **changes}], REJECTED)),
        "failed": as_table(to_frame([{**_FAILED, **changes}], FAILED)),
    }
    worst = pointed_at({"label_leaked": [{"request_id": "r0", "detail": str(changes)}]}, [tables["rejected"]])
    shown = {name: shown_rows(sample(table)) for name, table in tables.items()}
    return render(_report(concerns=[_CONCERN], worst=worst, **shown))


def test_the_page_shows_the_account() -> None:
    page = _page()
    assert "6 of 10 planned rows accepted" in page
    assert "6 + 2 + 1 + 1 = 10" in page
    assert "60.0%" in page
    assert "rejected: label leaked" in page
    assert "failed: invalid json" in page
    assert "They forgot the sauce." in page


@each_of("field", ["input_text", "label", "misleading_label", "detail", "task"])
def test_markup_in_a_rows_fields_is_shown_and_not_run(field: str) -> None:
    page = _page(**{field: f'"><img onerror=x>{_SCRIPT}'})
    tags = _tags(page)
    assert tags.seen.count("script") == 1
    assert {"img", "onerror"}.isdisjoint({*tags.seen, *tags.attributes})
    assert "&lt;script&gt;alert" in page


def test_markup_in_a_models_name_and_in_a_signals_table_is_shown_and_not_run() -> None:
    tables = {"open_labels": [{"task": _SCRIPT, "labels": 1, "rows": 1}]}
    page = render(_report(model=_SCRIPT, banner=_SCRIPT, stopped_by=_SCRIPT, tables=tables))
    assert _tags(page).seen.count("script") == 1
    assert page.count("&lt;script&gt;") == 4


def test_the_page_is_well_formed_and_refers_to_nothing_outside() -> None:
    page = _page()
    tags = _tags(page)
    assert {"src", "srcset", "action", "onclick"}.isdisjoint(tags.attributes)
    assert all(link.startswith("#") for link in tags.links)
    assert {"link", "img", "iframe", "form"}.isdisjoint(tags.seen)
    assert not re.search(r"https?://|//[a-z]|@import|url\(", page)
    assert "default-src 'none'" in page


def test_the_only_script_that_may_run_is_the_pages_own() -> None:
    page = _page()
    own = page.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_long_texts_are_cut_short() -> None:
    page = _page(input_text="word " * 5000)
    assert " …" in page
    assert len(page) < 20_000


def test_a_concern_comes_with_its_parameter_the_next_step_and_a_link_to_its_rows() -> None:
    page = _page().replace("<wbr>", "")
    assert "20.0% of the candidates name a label" in page
    assert "quality_report.thresholds.leaked.fail=0.1" in page
    assert "say so in the prompt" in page
    assert "#rows-label_leaked" in _tags(page).links
    assert 'id="rows-label_leaked"' in page
    assert "Nothing is beyond its threshold" not in page


def test_each_reason_and_cause_is_explained() -> None:
    once = dict.fromkeys(REJECT_REASONS, 1)
    page = render(_report(ledger=ledger(rejected=once, failed=dict.fromkeys(FAILURE_CAUSES, 1), planned=99)))
    explained = dict(re.findall(r"<td>(?:rejected|failed): ([a-z ]+)</td>.*\n.*<td class=\"long dim\">(.+)</td>", page))
    assert explained.keys() == {name.replace("_", " ") for name in (*REJECT_REASONS, *FAILURE_CAUSES)}
    assert "<td>rejected: a check of your own</td>" in render(
        _report(ledger=ledger(rejected={"a_check_of_your_own": 2}))
    )


def test_a_section_about_open_label_sets_is_not_shown_where_all_are_closed() -> None:
    assert "Labels that the model made" in render(_report())
    closed = merged(_metrics(), {"labels/open_tasks": 0, "labels/made": 0})
    assert "Labels that the model made" not in render(_report(metrics=closed))


def test_without_concerns_it_says_so() -> None:
    assert "Nothing is beyond its threshold" in render(_report())


def test_a_metric_that_is_null_is_told_as_not_computable_and_one_that_is_not_there_not_at_all() -> None:
    page = render(_report(metrics=merged(_metrics(), {"learnability/macro_f1": None, "learnability/tasks": 0})))
    assert "macro-F1: not computable" in page
    assert "labels in doubt" not in page


def test_rows_bear_what_they_are_filtered_by() -> None:
    page = _page(task="Sort & file.")
    assert 'data-task="Sort &amp; file." data-language="English" data-label="bad"' in page
    assert page.count('<select name="') == 3


def _written(**changes: Any) -> str:
    tables: dict[str, Any] = {
        "examples": to_frame([], EXAMPLES),
        "rejected": to_frame([], REJECTED),
        "failed": to_frame([], FAILED),
    }
    given = {**tables, **changes}
    model = given.pop("model", "model-1")
    counts = given.pop("ledger", ledger())
    signals = {"metrics": {}, "tables": {}, "worst": given.pop("worst", {})}
    llm = LlmParameters(model=model)
    examples, rejected, failed = (as_table(given[name]) for name in tables)
    tasks = pd.DataFrame({"task_id": ["t0"], "task": ["Sort a review."]})
    return write_report(
        counts, _metrics(), [], examples, as_table(tables["examples"]), rejected, failed, tasks, "", {}, llm, signals
    )


def test_empty_tables_make_a_page_too() -> None:
    page = _written(ledger=ledger(accepted=0))
    assert "0 of 10 planned rows accepted" in page
    assert BANNER not in page


def test_failed_rows_bear_their_task_and_no_empty_columns() -> None:
    page = _written(failed=to_frame([_FAILED], FAILED))
    assert 'data-task="Sort a review." data-language="English"' in page
    assert "misleading label" not in page


@pytest.mark.parametrize(("model", "writer"), [(OFFLINE_MODEL, "x"), ("gpt", OFFLINE_MODEL)])
def test_data_of_templates_says_so(model: str, writer: str) -> None:
    assert BANNER in _written(model=model, examples=example_frame([{"model_name": writer}]))


def test_a_sample_is_small_and_does_not_depend_on_the_order() -> None:
    rows = example_frame([{"request_id": f"r{place:03}"} for place in range(100)])
    shown = sample(as_table(rows))
    assert len(shown) == SAMPLE_SIZE
    assert sample(as_table(rows[::-1])).equals(shown)


def test_rows_that_a_signal_points_at_come_in_its_order_with_its_words() -> None:
    examples = example_frame([{"request_id": "r0"}, {"request_id": "r1"}])
    rejected = to_frame([{**_REJECTED, "request_id": "r2"}], REJECTED)
    worst = [{"request_id": name, "detail": f"worst {name}"} for name in ("r2", "r1", "gone")]
    rows = pointed_at({"length": worst}, [as_table(examples), as_table(rejected)])["length"]
    assert [(row["request_id"], row["detail"]) for row in rows] == [("r2", "worst r2"), ("r1", "worst r1")]
    assert "worst r2" in _written(examples=examples, rejected=rejected, worst={"length": worst})


def test_the_plot_has_a_bar_for_each_end() -> None:
    figure = plot_yield(ledger())
    bars = dict(zip(figure.data[0].y, figure.data[0].x, strict=True))
    assert bars == {"accepted": 6, "label leaked": 2, "invalid json": 1, "not run": 1}


def test_cost_is_shown_where_it_is_known_and_named_as_unknown_where_not() -> None:
    unpriced = {**PRICES, "usd_per_million_tokens": {}}
    assert usd(COST) in render(_report())
    page = render(_report(metrics=merged(_metrics(), _spending(unpriced))))
    assert "$" not in page.split("<script>")[0]
    assert "unknown (no price)" in page


def test_calls_tokens_and_cost_are_listed_by_figure() -> None:
    page = render(_report())
    rows = re.findall(r"<tr>\s*<td[^>]*>([a-z ]+)</td>\s*<td class=\"number\"[^>]*>([^<]+)</td>", page)
    assert rows[:4] == [
        ("this configuration", "1"),
        ("an accepted row", "0.17"),
        ("this run", "1"),
        ("whole history", "1"),
    ]


def test_a_made_up_cost_is_said_to_be_made_up() -> None:
    assert "made up" not in render(_report())
    page = render(_report(metrics=merged(_metrics(), {"cost/made_up": 1.0})))
    assert " (made up)</td>" in page


def test_a_run_that_a_cap_stopped_says_so() -> None:
    assert "Stopped by generation.max_cost_usd" in render(_report(stopped_by="generation.max_cost_usd"))


def test_a_signals_table_is_shown_with_its_numbers() -> None:
    made = [{"task": f"Task <{number}>.", "labels": 60 - number, "rows": 7000} for number in range(20)]
    page = render(_report(tables={"open_labels": made}))
    assert page.count("Task &lt;") == 20
    assert "7,000" in page
    assert "The tasks with the most labels" not in _page()


def test_own_attributes_are_shown_with_what_was_asked_for() -> None:
    rows = pd.DataFrame([{**ROW, "tone": "angry & loud", "form": None}])
    [row] = shown_rows(rows)
    assert row["asked"] == "English, PhD, clear, less than 10 words, tone: angry & loud"


def test_a_cell_of_a_quota_is_drawn_against_its_own_target() -> None:
    cells = [
        {"cell": cell, "state": "short", "accepted": accepted, "target": target, "planned": 9, "surplus": 0}
        for cell, accepted, target in (("large", 30, 40), ("small", 3, 4), ("none", 0, 4), ("over", 5, 4))
    ]
    rows = [{**cell, "yield": 0.5, "causes": ""} for cell in cells]

    page = render(_report(tables={"quota": rows}))

    widths = re.findall(r'<td class="graph"[^>]*><span class="bar" style="width:([\d.]+)%"', page)
    assert [float(width) for width in widths] == [75, 75, 100]


_SEVERAL: dict[str, Any] = {"label": None, "labels": ("Billing", "A & B"), "misleading_label": "C"}


def test_rows_with_several_labels_show_all_and_are_found_by_each() -> None:
    page = render(_report(accepted=shown_rows(example_frame([_SEVERAL, {**_SEVERAL, "labels": ()}]))))
    assert 'data-label="Billing\nA &amp; B"' in page
    assert '<td data-name="label">Billing, A &amp; B</td>' in page
    assert '<td data-name="label">none of the labels</td>' in page
    assert 'data-label="none of the labels"' in page


def test_pairs_of_labels_are_a_heat_map_of_each_task_with_several_labels() -> None:
    line = {"task_id": "t", "task": "Tag.", "planned": 4, "of_one": 6, "of_other": 3, "expected": 2.2, "labels": None}
    pairs = [
        {**line, "one": "A <b>", "other": "B", "accepted": 3, "labels": ["A <b>", "B", "C"]},
        {**line, "one": "A <b>", "other": "C", "accepted": 0, "planned": 0, "of_other": 0, "expected": 0.0},
        {**line, "one": "B", "other": "C", "accepted": 0, "of_one": 3, "of_other": 0, "expected": 0.0},
    ]
    metrics = merged(_metrics(), {"labels/per_text": 1.5})
    page = render(_report(metrics=metrics, tables={"label_pairs": pairs}))
    assert "Labels that texts have together" in page
    assert 'title="A &lt;b&gt; and B: 50.0% of the rows with A &lt;b&gt;; 2.2 rows by chance, 4 planned">3</td>' in page
    assert 'title="A &lt;b&gt; and C: not planned">\N{EN DASH}</td>' in page
    assert page.count('class="number own"') == 3


def test_a_project_with_one_label_a_text_has_no_section_of_several() -> None:
    page = render(_report())
    assert "Several labels" not in page
    assert "micro-F1" not in page
