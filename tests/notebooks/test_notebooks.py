"""Notebooks hold no data, read the catalog and MLflow only, and run from the first cell to the last."""

import ast
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.project import ROOT, TRACKED, Project, environment

_NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
_MAY_BE_IMPORTED = {"logging", "mlflow", "os", "pandas", "warnings"}
_WRITES = ("save", "log_", "set_tag", "write", "dump", "to_csv", "to_parquet", "to_json", "to_excel", "delete_", "run")
_ROWS = "attribute_sampling.num_examples=60"


def _code(path: Path) -> ast.Module:
    cells = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    lines = [line for cell in cells for line in cell.splitlines() if not line.startswith("%")]
    return ast.parse("\n".join(lines))


def _executed(project: Project, name: str) -> tuple[list[Any], str]:
    """The cells after a run, past those that fail, and all that they show as text."""
    folder = project.path("notebooks")
    if not folder.exists():
        shutil.copytree(ROOT / "notebooks", folder)
    book = nbformat.read(folder / name, 4)
    client = NotebookClient(book, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment(IPYTHONDIR=str(project.path(".ipython"))))
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    texts = (output.get("text") or output.get("data", {}).get("text/html", "") for output in outputs)
    return outputs, "\n".join(texts)


@pytest.mark.parametrize("path", _NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_valid_and_holds_no_output(path: Path) -> None:
    book = nbformat.read(path, 4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert code
    assert not [cell.id for cell in code if cell.outputs or cell.execution_count is not None]
    assert "kernelspec" in book.metadata
    assert not [cell.id for cell in book.cells if cell.metadata]


@pytest.mark.parametrize("path", _NOTEBOOKS, ids=lambda path: path.stem)
def test_it_reads_the_catalog_and_mlflow_and_writes_nothing(path: Path) -> None:
    tree = list(ast.walk(_code(path)))
    modules = [name.name for part in tree if isinstance(part, ast.Import) for name in part.names]
    modules += [part.module or "" for part in tree if isinstance(part, ast.ImportFrom)]
    assert {module.partition(".")[0] for module in modules} <= _MAY_BE_IMPORTED
    called = [part.attr for part in tree if isinstance(part, ast.Attribute)]
    called += [part.id for part in tree if isinstance(part, ast.Name) and part.id in ("open", "exec", "eval")]
    assert not [name for name in called if name.startswith(_WRITES) or name in ("open", "exec", "eval")]


@pytest.mark.slow
@pytest.mark.parametrize("path", _NOTEBOOKS, ids=lambda path: path.stem)
def test_without_a_run_it_says_so_in_one_line(path: Path, project: Project) -> None:
    outputs, _ = _executed(project, path.name)
    assert outputs[0]["text"].endswith("run `make generate` first.\n")
    assert outputs[0]["text"].count("\n") == 1
    assert not [output for output in outputs if "image/png" in output.get("data", {})]
    assert not project.path("mlflow.db").exists()


@pytest.mark.slow
def test_they_show_two_runs(project: Project) -> None:
    project.parameters(quality_report={"thresholds": {"leaked": {"fail": None}}})
    project.generate("--params", f"{_ROWS},llm.defects.label_leaked=0.3", **TRACKED)
    _, shown = _executed(project, "02_compare_runs.ipynb")
    assert "1 runs" in shown
    assert "There is one run so far" in shown

    project.generate("--params", f"{_ROWS},llm.temperature=0.9", **TRACKED)
    outputs, shown = _executed(project, "02_compare_runs.ipynb")
    assert not [output for output in outputs if output.output_type == "error"]
    assert "60 rows are in both plans" in shown
    assert "0 rows ended elsewhere" not in shown
    assert "cost of this configuration" in shown
    assert "cost of the whole history" in shown
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 1
    outputs, shown = _executed(project, "01_inspect_examples.ipynb")
    assert not [output for output in outputs if output.output_type == "error"]
    assert "60 of 60 examples" in shown
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 1
