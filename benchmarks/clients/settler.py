"""Runs `settle_rows`, or `list_outcomes` and `measure`, on made rows in a fresh process. Prints one line of JSON.

It runs also with the package of an earlier commit, whose nodes take other inputs: each node gets those that it names.
"""

import inspect
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pandas as pd

from benchmarks.clients.usage import usage
from synthetic_textcat import datasets
from synthetic_textcat.datasets import JournalDataset, TableDataset
from synthetic_textcat.pipelines.generation.nodes import settle_rows
from synthetic_textcat.pipelines.quality_report.nodes import build_ledger, list_outcomes, measure
from synthetic_textcat.schemas import parameters
from synthetic_textcat.schemas.rows import EXAMPLES, FINDINGS, REJECTED, REQUESTS, to_frame

_PRICES = {"as_of": "2026-01-01", "usd_per_million_tokens": {"gpt-4o-mini": {"input": 0.15, "output": 0.6}}}
_SPENT = ("calls/", "tokens/", "cost/", "time/")


def main(what: str, made: Path, results: Path) -> None:
    """Times the nodes, with the journal and the table of what it cost loaded as a run loads them."""
    part = {"settle": _settle, "sums": _sums}[what]
    print(json.dumps(part(made, results)))


def _settle(made: Path, results: Path) -> dict[str, float]:
    """The node with its loads and saves: tables in record batches are read and written by the node itself."""
    start = usage()
    inputs = {name: _loaded(made / f"{name}.parquet", settle_rows, name) for name in ("requests", "calls")}
    settled = settle_rows(**inputs, journal=JournalDataset(filepath=str(made / "completions.jsonl")).load())
    for name in settled._fields:
        table = getattr(settled, name)
        kind = TableDataset if isinstance(table, pd.DataFrame) else datasets.RowTableDataset
        kind(filepath=str(results / f"{name}.{'pq' if name == 'paid_calls' else 'parquet'}")).save(table)
    used = usage()
    return {"cpu_s": used["cpu_s"] - start["cpu_s"], "grown_mib": used["peak_mib"] - start["peak_mib"]}


def _loaded(path: Path, node: Callable[..., Any], parameter: str) -> Any:
    """The table as the node takes it; earlier commits have frames only, and not all columns of today."""
    hint = get_type_hints(node)[parameter]
    if pd.DataFrame not in (get_args(hint) or (hint,)):
        return datasets.RowTableDataset(filepath=str(path)).load()
    table = TableDataset(filepath=str(path)).load()
    return table[[*REQUESTS]] if parameter == "requests" else table


def _sums(made: Path, results: Path) -> dict[str, float]:
    inputs = {name: pd.read_parquet(made / f"{name}.parquet") for name in ("requests", "calls")}
    inputs["requests"] = inputs["requests"][[*REQUESTS]]
    candidates = pd.read_parquet(results / "candidates.parquet")
    nothing = partial(to_frame, ())
    inputs |= {
        "examples": candidates[list(EXAMPLES)],
        "surplus": nothing(EXAMPLES),
        "rejected": nothing(REJECTED),
        "failed": pd.read_parquet(results / "failed.parquet"),
        "findings": nothing(FINDINGS),
        "unjudged": nothing({"request_id": "str"}),
    }
    absent = {
        name: JournalDataset(filepath=str(made / f"{name}.jsonl")) for name in ("brainstorm_journal", "verdict_journal")
    }
    given: dict[str, Callable[[], Any]] = {
        **{name: partial(_same, table) for name, table in inputs.items()},
        **{name: dataset.load for name, dataset in absent.items()},
        "journal": JournalDataset(filepath=str(made / "completions.jsonl")).load,
        "paid_calls": partial(_loaded, results / "paid_calls.pq", list_outcomes, "paid_calls"),
        "batch_record": _NoBatches,
        "verdict_calls": partial(_same, None),
        "prices": partial(_same, _PRICES),
        "llm": partial(parameters.LlmParameters, model="gpt-4o-mini"),
        "label_check": getattr(parameters, "LabelCheckParameters", dict),
        "run_id": partial(_same, "0" * 32),
    }
    given["ledger"] = lambda: _called(build_ledger, given)
    before = usage()["cpu_s"]
    outcomes = _called(list_outcomes, given)
    if not isinstance(outcomes, pd.DataFrame):
        outcomes = _table(outcomes.to_pandas())  # made once, as a run writes it once; e20b804 returns a frame
    given["outcomes"] = partial(_same, outcomes)
    metrics = _called(measure, given)
    used = usage()["cpu_s"] - before
    kind = TableDataset if isinstance(outcomes, pd.DataFrame) else datasets.RowTableDataset
    kind(filepath=str(results / "outcomes.parquet")).save(outcomes)
    spent = {name: value for name, value in metrics.items() if name.startswith(_SPENT)}
    (results / "spent.json").write_text(json.dumps(spent), encoding="utf-8")
    return {"cpu_s": used}


class _NoBatches:
    def under_way(self) -> tuple[str, ...]:
        return ()


def _same(value: Any) -> Any:
    return value


def _called(node: Callable[..., Any], given: dict[str, Callable[[], Any]]) -> Any:
    """The node's result for those inputs that it names; frames are row tables where it takes these."""
    hints = get_type_hints(node)
    names = [name for name, each in inspect.signature(node).parameters.items() if each.kind is not each.VAR_POSITIONAL]
    values = {name: given[name]() for name in names}
    return node(*(_table(value) if _takes_tables(hints[name], value) else value for name, value in values.items()))


def _table(frame: pd.DataFrame) -> Any:
    from synthetic_textcat.tables import as_table  # e20b804 has no row tables

    return as_table(frame)


def _takes_tables(hint: Any, value: Any) -> bool:
    """Whether a frame is to be a row table; nodes of earlier commits take frames."""
    return isinstance(value, pd.DataFrame) and pd.DataFrame not in (get_args(hint) or (hint,))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
