"""Stages are namespaces of their nodes, and `quote` and `preview` are made of these nodes, chosen by tag."""

import pytest

from synthetic_textcat.pipeline_registry import register_pipelines, with_namespaces
from synthetic_textcat.pipelines import quote

_PIPELINES = register_pipelines()


def _names(pipeline: str) -> set[str]:
    return {node.name.removeprefix(f"{pipeline}.") for node in _PIPELINES[pipeline].nodes}


def _tagged(*tags: str) -> set[str]:
    return {node.name for node in _PIPELINES["generate"].only_nodes_with_tags(*tags).nodes}


def test_a_quote_plans_all_rows_and_tries_some_of_them() -> None:
    own = {node.name for node in quote.create_pipeline().nodes}
    tasks = {node.name for node in _PIPELINES["task_ingest"].nodes}

    assert {"attribute_sampling.plan_requests", "generation.prepare_prompts"} <= _tagged("quote")
    assert {"generation.generate", "quality_report.check_candidates"} <= _tagged("pilot")
    assert _names("quote") == own | tasks | _tagged("quote", "pilot")


def test_a_preview_has_no_node_that_calls_the_model() -> None:
    assert _names("preview") == _tagged("preview") | {"task_ingest.collect_known_tasks"}
    assert not _PIPELINES["preview"].only_nodes_with_tags("model_calls").nodes


def test_they_share_journals_with_generate_and_write_no_other_dataset_of_its() -> None:
    written = _PIPELINES["generate"].all_outputs()

    assert _PIPELINES["quote"].all_outputs() & written == {"brainstorm_completions", "completions"}
    assert _PIPELINES["preview"].all_outputs() & written == {"prompt_preview"}


def test_a_stage_is_a_namespace_of_its_nodes_but_not_of_its_datasets() -> None:
    generate = _PIPELINES["generate"]

    assert {group.name for group in generate.group_nodes_by("namespace")} == {
        *("task_ingest", "attribute_sampling", "generation", "quality_report", "export")
    }
    assert not [name for name in generate.datasets() if "." in name]


@pytest.mark.parametrize(
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
