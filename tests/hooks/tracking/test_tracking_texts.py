"""How parameters, prompts and names become what MLflow takes."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kedro.io import MemoryDataset
from pydantic import BaseModel

from synthetic_textcat.hooks.tracking.catalog_metadata import (
    flatten,
    mlflow_metadata_of,
    named_key,
    plain,
    read_bytes,
    safe_key,
)
from synthetic_textcat.hooks.tracking.description import run_name, source_tags
from synthetic_textcat.hooks.tracking.results import template_of
from tests.support.each_case import each_of
from tests.support.examples import examples


class _Block(BaseModel):
    language: dict[str, float] | None = None
    rows: int = 3


@dataclasses.dataclass
class _OtherBlock:
    inner: _Block


def test_typed_blocks_are_flattened_like_plain_ones() -> None:
    params = {"a": plain(_Block()), "b": plain(_OtherBlock(_Block(rows=4))), "c": plain({"x": (1, "y")}), "d": "text"}
    assert flatten(params) == {
        "a.language": "null",
        "a.rows": "3",
        "b.inner": '{"language": null, "rows": 4}',
        "c.x": '[1, "y"]',
        "d": "text",
    }


def test_a_long_value_is_cut_and_bears_the_hash_of_the_whole() -> None:
    (text,) = flatten({"long": "x" * 7000}).values()
    assert len(text) == 6000
    assert text.endswith(f"... sha256:{hashlib.sha256(b'x' * 7000).hexdigest()}")
    assert flatten({"fits": "x" * 6000}) == {"fits": "x" * 6000}


def test_a_key_that_mlflow_refuses_is_made_one_that_it_takes() -> None:
    assert flatten({"block": {"50% (a)": 1, "Fön/x": 2}}) == {
        "block.50.u25. .u28.a.u29.": "1",
        "block.Fön/x": "2",
    }


@examples(60)
@given(st.text(max_size=12) | st.text("语स्वر\u200c.u94dx/_ :", max_size=12))
def test_a_key_is_one_of_mlflow_and_leads_back_to_its_name(name: str) -> None:
    from mlflow.utils.validation import _validate_metric_name as validate_metric_name

    key = safe_key(f"coverage/{name}x")
    # As a path, a name could also be refused for "//" or "..".
    validate_metric_name(key.replace("/", "_"))  # type: ignore[no-untyped-call]
    assert named_key(key) == f"coverage/{name}x"


def test_names_in_most_scripts_are_readable_keys() -> None:
    keys = {name: safe_key(f"coverage/{name}") for name in ("语气", "тон", "स्वर", "a.b")}
    assert keys == {
        "语气": "coverage/语气",
        "тон": "coverage/тон",
        "स्वर": "coverage/स.u94d.वर",
        "a.b": "coverage/a.b",
    }


def test_two_long_names_never_share_a_key() -> None:
    from mlflow.utils.validation import _validate_metric_name as validate_metric_name

    long = ["स्वर" * 40 + end for end in ("", "क", "\u094d", "\u094d\u094d")] + ["coverage/p/" + "स्वर" * 40]
    keys = [safe_key(name) for name in long]
    assert len(set(keys)) == len(long)
    for key in keys:
        validate_metric_name(key.replace("/", "_"))  # type: ignore[no-untyped-call]
        assert len(key) <= 250
    assert all(named_key(key).rpartition("-")[0] in name for key, name in zip(keys, long, strict=True))
    assert min(len(named_key(key)) for key in keys) > 100
    assert safe_key("x" * 250) == "x" * 250


@each_of(
    ("file", "template"),
    [
        ("template: 'Say {x} as {{y}}'", "Say {{x}} as {y}"),
        ("Say {x!r:>3}.", "Say {{x}}."),
        ("[[system, a], {role: ai, content: '{b}'}]", [("system", "a"), ("assistant", "{{b}}")]),
        ("system: a\nuser: '{b}'", [("system", "a"), ("user", "{{b}}")]),
        ("messages: [[system, a, b]]", "messages: [[system, a, b]]"),
        ("template: 'Half {'", "Half {"),
        ("[]", "[]"),
        ("7", "7"),
    ],
)
def test_prompt_files_become_templates_of_the_registry(file: str, template: Any) -> None:
    if isinstance(template, list):
        template = [{"role": role, "content": content} for role, content in template]
    assert template_of(file) == template


_PARAMS = {"llm": {"model": "gpt-5"}, "attribute_sampling": {"num_examples": 7}, "seed": 42}


def test_run_names_leave_out_what_is_not_known() -> None:
    assert run_name({"pipeline_names": ["compare", "export"]}, {"llm": "x"})[6:] == "-compare+export"
    assert run_name({}, {"llm": "x"})[6:] == "-generate"


@each_of(
    ("pipelines", "name"),
    [
        ([], "-n7-s42-generate-gpt-5"),
        (["quote"], "-n7-s42-quote-gpt-5"),
        (["preview"], "-n7-s42-preview"),
        (["generation"], "-generation-gpt-5"),
        (["compare"], "-compare"),
        (["quality_report", "export"], "-quality_report+export"),
        (["evaluate", "generate"], "-n7-s42-evaluate+generate-gpt-5"),
    ],
)
def test_run_names_say_only_what_the_pipelines_do(pipelines: list[str], name: str) -> None:
    assert run_name({"pipeline_names": pipelines}, _PARAMS)[6:] == name


@each_of(
    ("per", "rows"),
    [
        (None, "n6-per-task"),
        ("label", "n6-per-label"),
        (["task", "label"], "n6-per-task-label"),
        ({"task": "all", "label": None}, "n6-per-task-label"),
        ({"task": "all", "label": "all", "language": {"German": 3, "English": 2}}, "n6-per-task-label-by-language"),
        ({"language": {"German": 3, "English": 2}}, "n6-by-language"),
    ],
)
def test_the_name_of_a_quota_tells_proportions_from_cells(per: Any, rows: str) -> None:
    params = {"attribute_sampling": {"target_accepted": 6, "num_examples": 7, "per": per}}
    assert run_name({}, params)[7:] == f"{rows}-generate"


def test_without_git_the_tree_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert source_tags(tmp_path) == {"git.dirty": "unknown"}
    monkeypatch.setenv("PATH", "")
    assert source_tags(tmp_path) == {"git.dirty": "unknown"}


@each_of("metadata", [None, "text", {"mlflow": True}, {"kedro-viz": {"layer": "raw"}}])
def test_a_dataset_without_marks_has_none(metadata: Any) -> None:
    dataset = MemoryDataset(data=1, metadata=metadata)
    assert mlflow_metadata_of(dataset) is None
    assert read_bytes(dataset) is None
