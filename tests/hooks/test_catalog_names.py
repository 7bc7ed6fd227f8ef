"""Names that hooks know are names of the pipelines: a renamed dataset or node is noticed here, not by a silent hook."""

import ast
from pathlib import Path

from synthetic_textcat.hooks import catalog_names
from synthetic_textcat.pipeline_registry import register_pipelines
from synthetic_textcat.schemas.run_records import ROW_PROMPT_NAMES, SEVERAL_LABELS_PROMPT

_HOOKS = Path(catalog_names.__file__).parent
_OTHER_MEANINGS = {
    "calls",
    "cluster",
    "failed",
    "rejected",
    "surplus",
    "generate",
    "label_sample",
    "llm",
    "measure",
    "run_id",
    "plan_sha256",
    "publish",
    "quality_report",
    "quote",
    "real_rows",
    "stopped_by",
    "unjudged",
}
"""Names that also mean a key of the ledger, a block of parameters, a pipeline, a column or a tag of MLflow."""

_VALUES = [value for name, value in vars(catalog_names).items() if name.isupper()]
_NAMES = {name for value in _VALUES for name in ((value,) if isinstance(value, str) else value)}
_TAGS = {catalog_names.MODEL_CALLS}
_NODES = {catalog_names.SETTLE_ROWS, catalog_names.SETTLE_VERDICTS}


def _known() -> tuple[set[str], set[str], set[str]]:
    """Datasets, nodes without their namespace, and tags of all pipelines."""
    pipelines = register_pipelines().values()
    datasets = {name for pipeline in pipelines for name in pipeline.datasets()}
    nodes = [node for pipeline in pipelines for node in pipeline.nodes]
    return datasets, {node.name.rpartition(".")[2] for node in nodes}, {tag for node in nodes for tag in node.tags}


def test_each_is_a_dataset_a_node_or_a_tag() -> None:
    datasets, nodes, tags = _known()

    assert {*catalog_names.JUDGE_PROMPTS} < _NAMES
    assert {*ROW_PROMPT_NAMES, SEVERAL_LABELS_PROMPT} < datasets
    assert _NAMES - datasets == _NODES | _TAGS
    assert nodes >= _NODES
    assert tags >= _TAGS


def test_hooks_name_datasets_and_nodes_by_these_constants_alone() -> None:
    datasets, nodes, _ = _known()
    known = (datasets | nodes | _TAGS) - _OTHER_MEANINGS
    files = [path for path in _HOOKS.rglob("*.py") if path != Path(catalog_names.__file__)]
    literals = {
        (path.name, node.value)
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert len(files) > 10
    assert not {(file, literal) for file, literal in literals if literal in known}
