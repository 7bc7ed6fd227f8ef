"""From candidates to the two tables, and back to the ledger."""

import json
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.journal.paid_calls import read_paid_calls
from synthetic_textcat.pipelines.quality_report.nodes import build_ledger, list_outcomes, measure
from synthetic_textcat.pipelines.quality_report.signals.nodes import gather_corpus, measure_fidelity
from synthetic_textcat.schemas.label_verdicts import UNJUDGED_ROWS
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import (
    AttributeSamplingParameters,
    LabelCheckParameters,
    LlmParameters,
    QualityReportParameters,
)
from synthetic_textcat.schemas.rows import (
    CALLS,
    EXAMPLES,
    FAILED,
    FINDINGS,
    OUTCOMES,
    REJECTED,
    REQUESTS,
    records_of,
    to_frame,
)
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowTable, as_table
from tests.llm.builders import completion, fingerprint, no_batches, no_reply, write_journal
from tests.pipelines.quality_report.builders import COST, PRICES, ROW, CheckedFrames, checked_tables, example_frame
from tests.pipelines.quality_report.builders import ledger as ledger_of

_TASK = Task.model_validate({"task": "Sort a review.", "labels": ["good", "bad", "mixed"]})
_TASKS = pd.DataFrame([_TASK.to_row("file")])
_IDS = ["r0", "r1", "r2", "r3", "r4"]
_REQUESTS = to_frame(
    ({**ROW, "request_id": name, "task_id": _TASK.task_id, "replicate": 0, "seed": 1} for name in _IDS), REQUESTS
)

_CALLS = to_frame(((name, fingerprint(name)) for name in _IDS), CALLS)


def _candidate(request_id: str, **changes: Any) -> dict[str, Any]:
    return {"request_id": request_id, "task_id": _TASK.task_id, **changes}


_CANDIDATES = example_frame(
    [
        _candidate("r0", input_text="Cold soup again."),
        _candidate("r1", input_text="A bad day."),
        _candidate("r2", input_text="cold soup AGAIN."),
    ]
)
_NONE_UNJUDGED = as_table(to_frame([], UNJUDGED_ROWS))
_NOT_RUN = as_table(_REQUESTS.assign(outcome="not_run", reason=pd.array([None] * len(_REQUESTS), dtype="str")))
_LEAK, _SAME = "the text names 'bad'", "same text as r0"
_FAILED_ROWS = to_frame(
    [{**ROW, "request_id": "r3", "failure_cause": "timeout", "detail": "slow", "attempts": 1}], FAILED
)


def _outcomes(checked: CheckedFrames, failed: pd.DataFrame, journal: Journal | None = None) -> RowTable:
    """The table `outcomes` of the plan; without a journal no call was made."""
    journal = journal or Journal(Path("absent"))
    plan, calls, paid = as_table(_REQUESTS), as_table(_CALLS), read_paid_calls(journal)
    examples, surplus, rejected, findings = map(as_table, checked)
    return list_outcomes(plan, calls, paid, journal, examples, surplus, rejected, findings, as_table(failed), PRICES)


@cache
def _checked() -> CheckedFrames:
    """The tables of the candidates, by usual parameters; nobody changes them."""
    return checked_tables(_CANDIDATES, _REQUESTS, _TASKS, QualityReportParameters())


def _dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(kind) for name, kind in frame.dtypes.items()}


def test_candidates_go_into_one_of_two_tables() -> None:
    checked = _checked()
    assert list(checked.examples["request_id"]) == ["r0"]
    assert list(checked.rejected["reject_reason"]) == ["label_leaked", "exact_duplicate"]
    assert list(checked.rejected["request_id"]) == ["r1", "r2"]


def test_how_a_row_was_read_from_several_objects_stands_in_its_detail() -> None:
    note = "read from object 2 of 2: the last"
    candidates = _CANDIDATES.assign(detail=pd.Series([note, note, None], dtype="str"))
    checked = checked_tables(candidates, _REQUESTS, _TASKS, QualityReportParameters())
    assert list(checked.rejected["detail"]) == [f"{_LEAK}; {note}", _SAME]
    settings = QualityReportParameters(flag_only=("exact_duplicate", "label_leaked"))
    flagged = checked_tables(candidates, _REQUESTS, _TASKS, settings)
    assert list(flagged.findings["detail"]) == [note, f"{_LEAK}; {note}", _SAME]
    assert _dtypes(flagged.examples) == EXAMPLES
    for tables in (checked, flagged):  # signals read the details of checks
        outcomes = _outcomes(tables, to_frame([], FAILED))
        rest = (_TASKS, ledger_of(), QualityReportParameters(), 42, AttributeSamplingParameters())
        plan = as_table(_REQUESTS)
        examples, rejected, findings = map(as_table, (tables.examples, tables.rejected, tables.findings))
        corpus = gather_corpus(examples, rejected, plan, findings, outcomes, *rest)
        worst = corpus.check_results.worst
        details = {reason: list(rows["detail"]) for reason, rows in worst.items()}
        assert details == {"label_leaked": [_LEAK], "exact_duplicate": [_SAME]}


def test_labels_are_in_the_spelling_of_the_set() -> None:
    """Replies in NFC, a tasks file in NFD: all rows would be rejected for a label that looks right."""
    names = [unicodedata.normalize("NFD", name) for name in ("Réclamation", "Résiliation", "Dépannage")]
    task = Task.model_validate({"task": "Sort a review.", "labels": names})
    replied = [unicodedata.normalize("NFC", name) for name in names]
    rows = [
        _candidate("r0", input_text="Le colis est abîmé.", label=replied[0], misleading_label=replied[1]),
        _candidate("r1", input_text="Je veux partir.", label=f"«{replied[1]}».", misleading_label=replied[1]),
    ]
    requests = _REQUESTS.assign(label=names[0], language="French").head(2)

    checked = checked_tables(
        example_frame(rows), requests, pd.DataFrame([task.to_row("file")]), QualityReportParameters()
    )

    assert checked.examples[["label", "misleading_label"]].to_numpy().tolist() == [names[:2]]
    assert checked.rejected[["label", "reject_reason"]].to_numpy().tolist() == [[names[1], "same_labels"]]


def test_both_tables_have_all_columns_also_when_empty() -> None:
    for checked in (
        _checked(),
        *(
            checked_tables(candidates, _REQUESTS, _TASKS, QualityReportParameters())
            for candidates in (to_frame([], EXAMPLES), _CANDIDATES.head(1))
        ),
    ):
        assert _dtypes(checked.examples) == EXAMPLES
        assert _dtypes(checked.rejected) == REJECTED


def test_findings_have_every_candidate_with_what_is_only_noted_of_it() -> None:
    settings = QualityReportParameters(flag_only=("label_leaked", "exact_duplicate"))
    checked = checked_tables(_CANDIDATES, _REQUESTS, _TASKS, settings)
    assert list(checked.examples["request_id"]) == ["r0", "r1", "r2"]
    assert list(checked.rejected["reject_reason"]) == []
    assert list(records_of(checked.findings)) == [
        {"request_id": "r0", "flags": "", "language_verdict": "not verifiable", "detail": ""},
        {"request_id": "r1", "flags": "label_leaked", "language_verdict": "not verifiable", "detail": _LEAK},
        {"request_id": "r2", "flags": "exact_duplicate", "language_verdict": "not verifiable", "detail": _SAME},
    ]


def test_a_row_rejected_before_its_language_was_looked_at_has_no_verdict_on_it() -> None:
    checked = _checked()
    assert [row["language_verdict"] for row in records_of(checked.findings)] == [
        "not verifiable",
        None,
        "not verifiable",
    ]
    assert _dtypes(checked.findings) == FINDINGS


def test_the_tables_outcomes_and_metrics_tell_the_same_story(tmp_path: Path) -> None:
    checked = _checked()
    ledger = build_ledger(_outcomes(checked, _FAILED_ROWS), as_table(_CALLS), no_batches())
    assert ledger == {
        "planned": 5,
        "accepted": 1,
        "rejected": {"exact_duplicate": 1, "label_leaked": 1},
        "failed": {"timeout": 1},
        "not_run": 1,
        "in_batch": 0,
        "surplus": 0,
    }
    lines = [completion(request_id=name) for name in _IDS[:3]] + [no_reply(request_id="r3")]
    journal = Journal(write_journal(tmp_path / "journal.jsonl", lines))
    table = _outcomes(checked, _FAILED_ROWS, journal)
    outcomes = table.to_pandas()
    assert _dtypes(outcomes) == OUTCOMES
    assert list(outcomes["outcome"]) == ["accepted", "rejected", "rejected", "failed", "not_run"]
    assert list(outcomes["attempts"]) == [1, 1, 1, 1, 0]
    metrics = measure(
        ledger,
        table,
        as_table(_REQUESTS),
        as_table(_CALLS),
        read_paid_calls(journal),
        journal,
        Journal(tmp_path / "absent"),
        Journal(tmp_path / "absent"),
        None,
        _NONE_UNJUDGED,
        PRICES,
        LlmParameters(model="model-1"),
        LabelCheckParameters(),
        "run-1",
    )
    assert (metrics["yield/all"], metrics["rows/accepted"], metrics["calls/this_run"]) == (0.2, 1, 4)


def test_signals_are_measured_on_what_the_checks_made_of_the_candidates() -> None:
    checked = _checked()
    ledger = build_ledger(_outcomes(checked, _FAILED_ROWS), as_table(_CALLS), no_batches())
    corpus = gather_corpus(
        as_table(checked.examples),
        as_table(checked.rejected),
        as_table(_REQUESTS),
        as_table(checked.findings),
        _outcomes(checked, _FAILED_ROWS),
        _TASKS,
        ledger,
        QualityReportParameters(),
        42,
        AttributeSamplingParameters(),
    )
    assert set(corpus.tasks) == {_TASK.task_id}
    fidelity = json.loads(json.dumps(measure_fidelity(corpus), allow_nan=False))
    assert fidelity["metrics"]["rate/label_leaked"] == pytest.approx(1 / 3)
    assert fidelity["metrics"]["length/in_bucket/less_than_10"] == 1.0
    assert [stage["rows"] for stage in fidelity["tables"]["funnel"]] == [5, 3, 3, 1]
    assert [row["request_id"] for row in fidelity["worst"]["exact_duplicate"]] == ["r2"]


@pytest.mark.parametrize("priced", [True, False])
@pytest.mark.parametrize("model", ["model-1", OFFLINE_MODEL])
def test_made_up_costs_of_templates_and_costs_of_a_real_model_are_never_added(
    model: str, priced: bool, tmp_path: Path
) -> None:
    lines = [completion(request_id="r0", run_id="rehearsal", model_name=OFFLINE_MODEL), completion(request_id="r0")]
    journal = Journal(write_journal(tmp_path / "journal.jsonl", lines))
    paid = read_paid_calls(journal)
    none_yet, llm = Journal(tmp_path / "absent"), LlmParameters(model=model)
    made_up = {"input": 1000.0, "output": 1000.0} if priced else None
    prices = {**PRICES, "usd_per_million_tokens": {**PRICES["usd_per_million_tokens"], OFFLINE_MODEL: made_up}}
    tables = (ledger_of(), _NOT_RUN, as_table(_REQUESTS), as_table(_CALLS), paid)
    settings = (prices, llm, LabelCheckParameters(), "run-1")
    metrics = measure(*tables, journal, none_yet, none_yet, None, _NONE_UNJUDGED, *settings)
    assert metrics["calls/dataset"] == 1
    expected = COST if model == "model-1" else 15 / 1000 if priced else None
    assert metrics["cost/usd_dataset"] == (None if expected is None else pytest.approx(expected))
    assert metrics["cost/made_up"] == (model == OFFLINE_MODEL and priced)


@pytest.mark.parametrize(("writer", "judge"), [(OFFLINE_MODEL, "model-1"), ("model-1", OFFLINE_MODEL)])
def test_a_judge_is_billed_apart_if_it_or_the_writer_is_rehearsed(writer: str, judge: str, tmp_path: Path) -> None:
    rows = Journal(write_journal(tmp_path / "rows.jsonl", [completion(request_id="r0", model_name=writer)]))
    verdicts = Journal(
        write_journal(tmp_path / "verdicts.jsonl", [completion(request_id=name, model_name=judge) for name in _IDS[:2]])
    )
    made_up = {"input": 1000.0, "output": 1000.0}
    prices = {**PRICES, "usd_per_million_tokens": {**PRICES["usd_per_million_tokens"], OFFLINE_MODEL: made_up}}
    asked = as_table(_CALLS.head(2).assign(vote=1, row_sha256=""))
    metrics = measure(
        ledger_of(), _NOT_RUN, as_table(_REQUESTS), as_table(_CALLS), read_paid_calls(rows), rows,
        Journal(tmp_path / "absent"),
        verdicts, asked, _NONE_UNJUDGED, prices, LlmParameters(model=writer),
        LabelCheckParameters(llm={"model": judge}), "run-1",
    )  # fmt: skip

    of_rows, of_verdicts = (15 / 1000 if name == OFFLINE_MODEL else COST for name in (writer, judge))
    assert metrics["calls/this_configuration"] == 1
    assert metrics["cost/usd_this_configuration"] == pytest.approx(of_rows)
    assert metrics["judge/calls_this_configuration"] == 2
    assert metrics["judge/usd_this_configuration"] == pytest.approx(2 * of_verdicts)
