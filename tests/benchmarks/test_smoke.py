"""Each benchmark runs at a small size and gives its figures; nothing is asserted about how fast anything is."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.clients import paid_rows, settler
from benchmarks.processes import BenchmarkError, Options
from benchmarks.revisions import OURS, in_turn, refuse_other_results
from benchmarks.scenarios import COMPARED, PROOFS, SCENARIOS

_CHEAP = {"text_checks": 4}
"""Scenarios without a process of their own, and rows."""

_ROWS = {"kills": None, "memory": 200, "languages": None}


@pytest.mark.parametrize("name", _CHEAP)
def test_a_cheap_benchmark_gives_figures(name: str) -> None:
    assert SCENARIOS[name](Options(_CHEAP[name], 1)).figures


def test_made_rows_settle_and_sum_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paid_rows.make(tmp_path, 60)
    for part in ("settle", "sums"):
        settler.main(part, tmp_path, tmp_path)
    assert capsys.readouterr().out.count("cpu_s") == 2
    assert len(pd.read_parquet(tmp_path / "outcomes.parquet")) == 60


@pytest.mark.whole_run
def test_the_report_is_measured_node_by_node() -> None:
    found = {figure.name for figure in SCENARIOS["report"](Options(200, 1)).figures}
    assert {"ours: seconds", "ours: CPU seconds", "ours: peak memory, GB"} < found
    assert len(found) > 3  # nodes, of which the first takes long enough to be named, since the process starts with it


@pytest.mark.whole_run
def test_the_export_is_measured() -> None:
    found = {figure.name for figure in SCENARIOS["export"](Options(40, 1)).figures}
    assert found >= {"ours: seconds", "ours: peak memory, GB", "ours: peak memory, of 40 / of 4 rows"}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted((SCENARIOS | PROOFS).keys() - {*_CHEAP, "report", "export"}))
def test_a_benchmark_gives_figures(name: str) -> None:
    report = (SCENARIOS | PROOFS)[name](Options(_ROWS.get(name, 100), 1))
    assert report.figures or name == "languages"  # which needs Django's messages


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPARED)
def test_a_benchmark_next_to_this_commit_gives_ratios(name: str) -> None:
    report = (SCENARIOS | PROOFS)[name](Options(100, 1, "HEAD"))
    assert any("HEAD" in figure.name and "ours" in figure.name for figure in report.figures)


def test_other_results_are_refused_with_the_first_cell_that_differs(tmp_path: Path) -> None:
    for folder, labels in (("one", ["a", "b", "c"]), ("same", ["a", "b", "c"]), ("other", ["a", "x", "c"])):
        (tmp_path / folder).mkdir()
        pd.DataFrame({"label": labels}).to_parquet(tmp_path / folder / "rows.parquet")
        (tmp_path / folder / "page.html").write_text(folder, encoding="utf-8")
    assert refuse_other_results(tmp_path / "one", tmp_path / "same") == 1
    with pytest.raises(BenchmarkError, match="label of row 1: b and x"):
        refuse_other_results(tmp_path / "one", tmp_path / "other")
    assert refuse_other_results(tmp_path / "one", tmp_path / "other", later=["label"]) == 1
    (tmp_path / "same" / "more.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BenchmarkError, match="only one of both"):
        refuse_other_results(tmp_path / "one", tmp_path / "same")


def test_an_unknown_revision_is_named() -> None:
    with pytest.raises(BenchmarkError, match="no_such_revision"):
        in_turn(lambda root: root, "no_such_revision", 1)


@pytest.mark.whole_run
def test_this_checkout_and_the_revision_run_in_turn() -> None:
    roots = in_turn(lambda root: (root / "Makefile").exists(), "HEAD", 2)
    assert roots == {OURS: [True, True], "HEAD": [True, True]}
