"""`quote` and `preview` are made of the stages' own nodes, chosen by tag."""

from itertools import combinations

import pytest
from kedro.pipeline.pipeline import OutputNotUniqueError

from synthetic_textcat.cli import line_about_several
from synthetic_textcat.pipeline_registry import register_pipelines
from synthetic_textcat.pipelines.quote import pipeline as quote

_PIPELINES = register_pipelines()


def _names(pipeline: str) -> set[str]:
    return {node.name.removeprefix(f"{pipeline}.") for node in _PIPELINES[pipeline].nodes}


def _tagged(*tags: str) -> set[str]:
    return {node.name for node in _PIPELINES["generate"].only_nodes_with_tags(*tags).nodes}


def test_a_quote_plans_all_rows_and_tries_some_of_them() -> None:
    own = {node.name for node in quote.create_pipeline().nodes}
    tasks = {node.name for node in _PIPELINES["task_ingest"].nodes}

    assert {"plan_requests", "prepare_prompts"} <= _tagged("quote")
    assert {"generate", "check_candidates"} <= _tagged("pilot")
    assert _names("quote") == own | tasks | _tagged("quote", "pilot")


def test_a_preview_has_no_node_that_calls_the_model() -> None:
    assert _names("preview") == _tagged("preview") | {"collect_known_tasks"}
    assert not _PIPELINES["preview"].only_nodes_with_tags("model_calls").nodes


def test_they_share_journals_with_generate_and_write_no_other_dataset_of_its() -> None:
    written = _PIPELINES["generate"].all_outputs()

    assert _PIPELINES["quote"].all_outputs() & written == {"brainstorm_completions", "completions"}
    assert _PIPELINES["preview"].all_outputs() & written == {"prompt_preview"}


@pytest.mark.parametrize("pair", list(combinations(_PIPELINES, 2)), ids=",".join)
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
