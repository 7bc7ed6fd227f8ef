"""The catalog is split by stage: each file holds datasets of its own stage, complete with type, place and layer."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog

from synthetic_textcat.pipeline_registry import register_pipelines
from synthetic_textcat.settings import CONFIG_LOADER_ARGS
from tests.support.each_case import each_case, each_of

_CONF = Path(__file__).parents[1] / "conf"
_STAGES = sorted(path.stem.removeprefix("catalog_") for path in (_CONF / "base").glob("catalog_*.yml"))
_LAYERS = {"raw", "intermediate", "primary", "feature", "model input", "model", "reporting", "export"}


@cache
def catalog_entries(conf: Path = _CONF, pattern: str = "catalog*.yml") -> dict[str, Any]:
    arguments: dict[str, Any] = {**CONFIG_LOADER_ARGS, "config_patterns": {"catalog": [pattern]}}
    loader = OmegaConfigLoader(str(conf), env="local", **arguments)
    entries: dict[str, Any] = loader["catalog"]
    return entries


def _datasets(*pipelines: str) -> set[str]:
    registered = register_pipelines()
    return {dataset for name in pipelines for dataset in registered[name].datasets()}


@each_of("stage", _STAGES)
def test_a_file_holds_datasets_of_the_stage_that_it_is_named_after(stage: str) -> None:
    entries = catalog_entries(pattern=f"catalog_{stage}.yml")
    used = _datasets(*(register_pipelines() if stage == "genai" else [stage]))  # all stages ask a model
    patterns = DataCatalog.from_config(entries).config_resolver
    matched = {pattern for name in used if (pattern := patterns.match_dataset_pattern(name))}

    assert entries
    assert entries.keys() <= used | matched


def _names() -> Iterator[str]:
    yield from catalog_entries()  # read by the test, and not by each process that collects it


@each_case(_names())
def test_each_entry_says_its_type_and_its_layer(name: str) -> None:
    entry = catalog_entries()[name]

    assert entry["type"]
    assert entry["metadata"]["kedro-viz"]["layer"] in _LAYERS


def test_the_catalog_stays_short() -> None:
    files = (_CONF / "base").glob("catalog_*.yml")
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) <= 250


def resolved_entries() -> dict[str, Any]:
    """The entries of all datasets of the pipelines, those that a dataset factory makes included."""
    resolver = DataCatalog.from_config(catalog_entries()).config_resolver
    return {name: resolver.resolve_pattern(name) for name in _datasets(*register_pipelines())}


def test_each_prompt_that_a_pipeline_reads_has_a_file_of_its_own_and_none_is_left_over() -> None:
    prompts = [entry for name, entry in resolved_entries().items() if name.endswith("_prompt")]
    folder = _CONF.parent / "data" / "01_raw" / "prompts"

    assert sorted(_CONF.parent / entry["filepath"] for entry in prompts) == sorted(folder.iterdir())
    assert {entry["metadata"]["mlflow"]["prompt"] for entry in prompts} == {True}


def test_a_factory_gives_each_dataset_its_own_place_and_marks() -> None:
    resolver = DataCatalog.from_config(catalog_entries()).config_resolver

    baseline = resolver.resolve_pattern("compared_baseline")
    assert baseline["filepath"] == "data/08_reporting/comparison/baseline.txt"
    assert baseline["metadata"]["mlflow"] == {"tag": "compare.baseline"}
    assert resolver.resolve_pattern("yield_plot")["filepath"] == "data/08_reporting/plots/yield.json"


def test_second_names_of_a_file_have_its_place() -> None:
    entries = catalog_entries()

    for second, first in (("brainstorm_journal", "brainstorm_completions"), ("journal", "completions")):
        assert entries[second] == entries[first]
    for second, first in (("previous_rounds", "rounds"), ("previous_shortfall", "shortfall")):
        assert entries[second]["dataset"]["filepath"] == entries[first]["filepath"]


def test_an_entry_of_the_users_replaces_that_of_whatever_file(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    for path in (_CONF / "base").glob("catalog_*.yml"):
        (tmp_path / "base" / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "catalog.yml").write_text("examples: {type: MemoryDataset}", encoding="utf-8")

    found = catalog_entries(tmp_path)

    assert found["examples"] == {"type": "MemoryDataset"}
    assert {name: entry for name, entry in found.items() if name != "examples"} == {
        name: entry for name, entry in catalog_entries().items() if name != "examples"
    }
