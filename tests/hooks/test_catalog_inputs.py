"""Why a run asked for less than its plan: from the node that asks to catalog, tags and last lines."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Pipeline, node

from synthetic_textcat.command_passes import CommandPasses
from synthetic_textcat.datasets import FileDataset, JournalDataset
from synthetic_textcat.hooks.catalog_inputs import CatalogInputs, RowCheckByPrompts
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.hooks.summary_lines import stop_lines
from synthetic_textcat.hooks.tracking.description import stop_tags
from synthetic_textcat.llm.shards.folder import RUN_FENCE
from synthetic_textcat.schemas.completions import Reply
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.prices import Price, PriceList
from synthetic_textcat.schemas.stops import LastBatch, Outage, PausedTask, Stops
from synthetic_textcat.schemas.tasks import Task
from tests.llm.builders import completion
from tests.support.each_case import each_of

_UNTIL = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
_OUTAGE = Outage(cause="rate_limited", words="You have reached your daily limit. " * 5, until=_UNTIL)
_PAUSED = PausedTask(
    task_id="t1", task="Say how formal an e-mail is. " * 9, reason="refused", detail="no", replies=23, not_asked=1_234
)


def test_the_dataset_is_empty_until_a_last_batch_says_why_and_again_in_the_next_run() -> None:
    notes, catalog = RunNotes(), DataCatalog()
    hook = CatalogInputs(notes)
    hook.before_pipeline_run({}, Pipeline([]), catalog)
    assert Stops.read(catalog.load("stops")) == Stops() == notes.stops
    hook.after_dataset_saved([completion()])
    assert not catalog.load("stops")
    stops = Stops(outage=_OUTAGE, paused=(_PAUSED,))
    hook.after_dataset_saved(LastBatch(stops))
    assert Stops.read(catalog.load("stops")) == stops == notes.stops
    hook.before_pipeline_run({}, Pipeline([]), catalog)
    assert not catalog.load("stops")


def test_a_last_batch_is_a_list_like_any_other() -> None:
    assert LastBatch(Stops()) == []
    assert LastBatch(Stops(), [completion()]) == [completion()]


@each_of(
    ("stops", "stopped_by"),
    [
        (Stops(), ""),
        (Stops(outage=_OUTAGE), "rate_limited"),
        (Stops(paused=(_PAUSED,)), ""),
        (Stops(paused=(_PAUSED,), all_paused=True), "paused_tasks"),
    ],
)
def test_tags_say_what_stopped_it_and_what_is_paused(stops: Stops, stopped_by: str) -> None:
    tags = stop_tags(stops)
    assert tags.get("stopped_by", "") == stopped_by
    assert ("paused_tasks" in tags) == bool(stops.paused)


def test_the_last_lines_fit_a_terminal_and_say_why_until_when_and_what_to_do() -> None:
    lines = list(stop_lines("", Stops(outage=_OUTAGE, paused=(_PAUSED,) * 9)))
    assert all(len(line) <= 80 and "\n" not in line for line in lines)  # `say` takes a line break for another's
    said = " ".join(" ".join(lines).split())
    assert "stopped by rate_limited (You have reached your daily limit." in said
    local = _UNTIL.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    assert f"Run the same command after {local}, as the server asks" in said
    assert "paused Say how formal" in said
    assert "first 23 replies all refused; 1,234 rows not asked for" in said
    assert "and 4 more tasks: see the report" in said
    assert "generation.pause_task_after" in said


def test_without_a_time_the_next_step_is_said_too_and_a_cap_as_ever() -> None:
    outage = Outage(cause="connection_error", words="closed")
    said = " ".join(" ".join(stop_lines("", Stops(outage=outage))).split())
    assert "Run the same command when the server answers again" in said
    said = " ".join(" ".join(stop_lines("generation.max_cost_usd", Stops())).split())
    assert said == "stopped by generation.max_cost_usd; the same command goes on, and may spend as much again"
    assert list(stop_lines("", Stops())) == []


def test_the_check_that_is_lent_is_the_reports() -> None:
    task = Task.model_validate({"task": "Sort mail.", "labels": ["Billing", "Shipping"]})
    row = {"request_id": "r0", "label": "Billing", "language": "English"}
    good = Reply(input_text="My parcel is late.", label="Billing", misleading_label="Shipping")
    check = RowCheckByPrompts(QualityReportParameters(), tuple)
    assert check(task, row, good) is None
    other = good.model_copy(update={"label": "Shipping", "misleading_label": "Billing"})
    problem = check(task, row, other)
    assert problem is not None
    assert problem.cause == "label_not_as_planned"
    lenient = RowCheckByPrompts(QualityReportParameters(flag_only=("label_not_as_planned",)), tuple)
    assert lenient(task, row, other) is None


_PATTERNS = {"prices": ["prices.yml"]}  # as in settings.py, whose import starts Kedro's own settings
_LIST = "as_of: 2026-01-01\nusd_per_million_tokens: {m: {input: 1, output: 2}}\n"


def _prices(tmp_path: Path, conf: str, own: str | None = None) -> Any:
    """The price list of a run in a project folder, with the configuration in another folder."""
    source = tmp_path / conf
    (source / "base").mkdir(parents=True)
    for name in ("base/prices.yml", "base/catalog.yml", "base/parameters.yml"):
        (source / name).write_text(_LIST if "prices" in name else "quality_report: {}\n", encoding="utf-8")
    project = tmp_path / "project"
    project.mkdir(exist_ok=True)
    if own is not None:
        (project / "prices.yml").write_text(own, encoding="utf-8")
    loader = OmegaConfigLoader(str(source), base_env="base", default_run_env="base", config_patterns=_PATTERNS)
    context = SimpleNamespace(project_path=project, config_loader=loader, params={"quality_report": {}})
    catalog = DataCatalog({"prices": FileDataset(filepath=str(project / "prices.yml"))})
    hook = CatalogInputs(RunNotes())
    hook.after_context_created(context)  # type: ignore[arg-type]
    hook.before_pipeline_run({}, Pipeline([]), catalog)
    return catalog.load("prices")


def test_a_packaged_project_takes_the_prices_of_its_configuration(tmp_path: Path) -> None:
    assert PriceList.read(_prices(tmp_path, "elsewhere/conf")).price("m") == Price(input=1, output=2)


def test_a_file_that_exists_comes_before_the_prices_of_the_configuration(tmp_path: Path) -> None:
    own = PriceList.read(_prices(tmp_path, "elsewhere/conf", _LIST.replace("input: 1", "input: 5")))
    assert own.price("m") == Price(input=5, output=2)


def test_a_projects_own_price_list_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"prices\.yml"):
        _prices(tmp_path, "project/conf")


def _no_calls() -> list[str]:
    return []


def test_a_cluster_takes_its_folder_under_the_runs_id_in_any_order_of_hooks(tmp_path: Path) -> None:
    parameters = {"quality_report": {}, "cluster": {"local": {"workers": 1}}}
    loader = SimpleNamespace(conf_source=tmp_path / "conf")
    notes = RunNotes(passes=CommandPasses(number=1))
    hook = CatalogInputs(notes)
    hook.after_context_created(SimpleNamespace(project_path=tmp_path, params=parameters, config_loader=loader))  # type: ignore[arg-type]
    asking = Pipeline([node(_no_calls, None, "completions")])
    journal = JournalDataset(filepath=str(tmp_path / "completions.jsonl"))
    for number, given in enumerate(("first", "of-another-pass"), 1):
        notes.passes.number = number
        hook.before_pipeline_run({"run_id": given}, asking, DataCatalog({"completions": journal}))
        assert (tmp_path / "completions" / RUN_FENCE).read_text(encoding="utf-8") == "first"
    hook.after_pipeline_run()
