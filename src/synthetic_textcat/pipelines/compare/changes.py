"""Changes between two runs: parameters, prompts, tasks, model, code."""

import difflib
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from synthetic_textcat.schemas.run_records import RunRecord

_FACTS = {
    "plan": "plan_sha256",
    "tasks": "sha256.tasks",
    "code commit": "mlflow.source.git.commit",
    "uncommitted changes": "git.dirty",
    "environment": "env",
}
"""Reported tags of a run, by display name."""

_VERSION = "version."
_CONTEXT_LINES = 2


class Change(NamedTuple):
    """Value that differs; None if a run lacks it."""

    what: str
    baseline: str | None
    candidate: str | None


class Changes(NamedTuple):
    """Changes by kind.

    Attributes:
        parameters: By full name.
        facts: Plan, tasks, code and versions, from the runs' tags.
        prompts: Lines of a unified diff, by file.
        tasks: Sentences of tasks that only one run had, the baseline's first.
    """

    parameters: list[Change]
    facts: list[Change]
    prompts: dict[str, list[str]]
    tasks: list[Change]


def changes(baseline: RunRecord, candidate: RunRecord) -> Changes:
    """Changes between baseline and candidate."""
    names = dict.fromkeys((*baseline.params, *candidate.params))
    return Changes(
        parameters=_differing((name, baseline.params.get(name), candidate.params.get(name)) for name in names),
        facts=_differing(_facts(baseline, candidate)),
        prompts=dict(_prompt_diffs(baseline, candidate)),
        tasks=list(_tasks(baseline.tasks, candidate.tasks)),
    )


def _differing(pairs: Iterator[tuple[str, str | None, str | None]]) -> list[Change]:
    return [Change(*pair) for pair in pairs if pair[1] != pair[2]]


def _facts(baseline: RunRecord, candidate: RunRecord) -> Iterator[tuple[str, str | None, str | None]]:
    versions = {
        f"version of {tag.removeprefix(_VERSION)}": tag
        for tag in dict.fromkeys((*baseline.tags, *candidate.tags))
        if tag.startswith(_VERSION)
    }
    for words, tag in (_FACTS | versions).items():
        yield words, baseline.tags.get(tag), candidate.tags.get(tag)


def _prompt_diffs(baseline: RunRecord, candidate: RunRecord) -> Iterator[tuple[str, list[str]]]:
    for file in sorted({*baseline.prompts, *candidate.prompts}):
        before, after = (run.prompts.get(file, "").splitlines() for run in (baseline, candidate))
        lines = list(difflib.unified_diff(before, after, lineterm="", n=_CONTEXT_LINES))[2:]
        if lines:
            yield file, lines


def _tasks(baseline: pd.DataFrame | None, candidate: pd.DataFrame | None) -> Iterator[Change]:
    if baseline is None or candidate is None:
        return
    before, after = (_sentences(frame) for frame in (baseline, candidate))
    yield from (Change("task", task, None) for task_id, task in before.items() if task_id not in after)
    yield from (Change("task", None, task) for task_id, task in after.items() if task_id not in before)


def _sentences(tasks: pd.DataFrame) -> dict[str, Any]:
    return dict(zip(tasks["task_id"], tasks["task"], strict=True))
