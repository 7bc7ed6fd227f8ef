"""What is measured, by name."""

from collections.abc import Callable

from benchmarks.figures import Report
from benchmarks.processes import Options
from benchmarks.scenarios import (
    batches,
    calls,
    export,
    growth,
    journal,
    kills,
    label_accuracy,
    languages,
    memory,
    planning,
    report,
    settling,
    start_up,
    text_checks,
    whole_run,
    wrong_language,
)

SCENARIOS: dict[str, Callable[[Options], Report]] = {
    "no_latency": calls.no_latency,
    "whole_run": whole_run.whole_run,
    "latency_64": calls.latency_64,
    "latency_256": calls.latency_256,
    "long_tail": calls.long_tail,
    "verdicts": calls.verdicts,
    "memory": memory.memory,
    "batches": batches.batches,
    "journal": journal.journal,
    "planning": planning.planning,
    "planning_many_tasks": planning.planning_many_tasks,
    "report": report.report,
    "settling": settling.settling,
    "export": export.export,
    "label_accuracy": label_accuracy.label_accuracy,
    "languages": languages.language_check,
    "text_checks": text_checks.text_checks,
    "wrong_language": wrong_language.wrong_language,
    "start_up": start_up.start_up,
}

PROOFS: dict[str, Callable[[Options], Report]] = {"growth": growth.growth, "kills": kills.kills}
"""What takes most of an hour and is run by name only."""

COMPARED = ("growth", "no_latency", "whole_run", "report", "settling", "export", "wrong_language")
"""Scenarios that run an earlier commit too, with `--against`."""
