"""Stages are namespaces of their nodes, and `quote` and `preview` are made of these nodes, chosen by tag."""

from collections.abc import Iterator
from itertools import combinations

import pytest
from kedro.pipeline.pipeline import OutputNotUniqueError

from synthetic_textcat.cli import line_about_several
from synthetic_textcat.pipeline_registry import IN_MEMORY, begun_later, register_pipelines, with_namespaces
from synthetic_textcat.pipelines.quote import pipeline as quote
from tests.support.each_case import each_case, each_of
from tests.test_catalog import catalog_entries

_PIPELINES = register_pipelines()


def _names(pipeline: str) -> set[str]:
    return {node.name.removeprefix(f"{pipeline}.") for node in _PIPELINES[pipeline].nodes}


def _tagged(*tags: str) -> set[str]:
    return {node.name for node in _PIPELINES["generate"].only_nodes_with_tags(*tags).nodes}


def test_a_quote_plans_all_rows_and_tries_some_of_them() -> None:
    own = {node.name for node in quote.create_pipeline().nodes}
    tasks = {node.name for node in _PIPELINES["task_ingest"].nodes}

    assert {"attribute_sampling.plan_requests", "generation.prepare_prompts"} <= _tagged("quote")
    assert {"generation.generate", "label_check.ask_judge", "quality_report.check_candidates"} <= _tagged("pilot")
    assert _names("quote") == own | tasks | _tagged("quote", "pilot")


def test_a_preview_has_no_node_that_calls_the_model() -> None:
    assert _names("preview") == _tagged("preview") | {"task_ingest.collect_known_tasks"}
    assert not _PIPELINES["preview"].only_nodes_with_tags("model_calls").nodes


def test_they_share_journals_with_generate_and_write_no_other_dataset_of_its() -> None:
    written = _PIPELINES["generate"].all_outputs()

    assert _PIPELINES["quote"].all_outputs() & written == {
        *("brainstorm_completions", "completions", "verdict_completions")
    }
    assert _PIPELINES["preview"].all_outputs() & written == {"prompt_preview"}


def test_a_stage_is_a_namespace_of_its_nodes_but_not_of_its_datasets() -> None:
    generate = _PIPELINES["generate"]

    assert {group.name for group in generate.group_nodes_by("namespace")} == {
        *("task_ingest", "attribute_sampling", "generation", "row_checks", "label_check", "quality_report", "export")
    }
    assert not [name for name in generate.datasets() if "." in name]


@each_of(
    ("pipeline", "given", "full"),
    [
        ("generate", "settle_rows", "generation.settle_rows"),
        ("__default__", "generation.settle_rows", "generation.settle_rows"),
        ("generation", "list_calls", "generation.list_calls"),
        ("quote", "list_calls", "quote.generation.list_calls"),
        ("quote", "quote.list_calls", "quote.generation.list_calls"),
        ("quote", "choose_pilot", "quote.choose_pilot"),
        ("compare", "pair_rows", "pair_rows"),
        ("generate", "settle", "settle"),
        ("unknown", "settle_rows", "settle_rows"),
    ],
)
def test_a_node_is_found_by_its_name_without_namespaces(pipeline: str, given: str, full: str) -> None:
    assert with_namespaces([given], [pipeline]) == [full]


def _in_files(names: set[str]) -> set[str]:
    entries = catalog_entries()
    return {name for name in names if entries.get(name, {"type": "MemoryDataset"})["type"] != "MemoryDataset"}


def test_what_no_file_holds_is_known() -> None:
    whole = [_PIPELINES[name] for name in ("generate", "evaluate", "compare")]
    inner = set().union(*(each.all_outputs() & each.all_inputs() for each in whole))
    assert inner - _in_files(inner) == IN_MEMORY


def _inner_files() -> Iterator[str]:
    """Files between stages; found when the test runs, as each process that collects tests would read the catalog."""
    yield from sorted(_in_files(_PIPELINES["generate"].all_outputs() & _PIPELINES["generate"].all_inputs()))


@each_case(_inner_files())
def test_a_run_can_begin_at_any_file(name: str) -> None:
    options = {"from_inputs": [name], "from_nodes": [], "node_names": [], "tags": [], "to_nodes": []}
    nodes = begun_later({**options, "to_outputs": [], "namespaces": []}, ["generate"])
    part = _PIPELINES["generate"].only_nodes(*nodes)
    assert not part.inputs() & IN_MEMORY
    assert part.inputs() <= _in_files(_PIPELINES["generate"].all_outputs()) | _PIPELINES["generate"].inputs()
    assert part.nodes


@each_case(list(combinations(_PIPELINES, 2)), ",".join)
def test_any_two_pipelines_run_together_or_are_refused_in_one_line(pair: tuple[str, str]) -> None:
    first, second = (_PIPELINES[name] for name in pair)
    written = [{output for node in each.nodes for output in node.outputs} for each in (first, second)]
    shared_nodes = {output for node in set(first.nodes) & set(second.nodes) for output in node.outputs}
    if clash := (written[0] & written[1]) - shared_nodes:
        with pytest.raises(OutputNotUniqueError) as raised:
            _ = first + second
        line = line_about_several(raised.value, list(pair))
        assert line is not None
        assert f"The pipelines {pair[0]} and {pair[1]} can't run together" in line
        assert all(name in line for name in clash)
    else:
        assert len((first + second).nodes) == len({*first.nodes, *second.nodes})


def test_a_clash_within_one_pipeline_is_a_bug() -> None:
    assert line_about_several(OutputNotUniqueError("x"), ["generate"]) is None
    assert line_about_several(ValueError("x"), ["generate", "quote"]) is None
