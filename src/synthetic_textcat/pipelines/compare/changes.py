"""Changes between two runs: parameters, prompts, tasks, model, code."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
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
_MOST_OF_TASKS = 200  # changes of tasks that a page lists


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
        tasks: Sentences of tasks that only one run had, the baseline's first. Then, of tasks that both had, labels,
            seed examples, weight and choices that one of them alone has. At most `_MOST_OF_TASKS`.
        more_of_tasks: Number of further ones.
    """

    parameters: list[Change]
    facts: list[Change]
    prompts: dict[str, list[str]]
    tasks: list[Change]
    more_of_tasks: int = 0


def changes(baseline: RunRecord, candidate: RunRecord) -> Changes:
    """Changes between baseline and candidate."""
    names = dict.fromkeys((*baseline.params, *candidate.params))
    of_tasks = _tasks(baseline.tasks, candidate.tasks)
    return Changes(
        parameters=_differing((name, baseline.params.get(name), candidate.params.get(name)) for name in names),
        facts=_differing(_facts(baseline, candidate)),
        prompts=dict(_prompt_diffs(baseline, candidate)),
        tasks=list(islice(of_tasks, _MOST_OF_TASKS)),
        more_of_tasks=sum(1 for _ in of_tasks),
    )


def _differing(pairs: Iterable[tuple[str, str | None, str | None]]) -> list[Change]:
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
    before, after = ({str(row["task_id"]): row for row in frame.to_dict("records")} for frame in (baseline, candidate))
    yield from (Change("task", row["task"], None) for task_id, row in before.items() if task_id not in after)
    yield from (Change("task", None, row["task"]) for task_id, row in after.items() if task_id not in before)
    for task_id in (task_id for task_id in before if task_id in after):
        was, is_now = _definition(before[task_id]), _definition(after[task_id])
        for name in dict.fromkeys((*was, *is_now)):
            sides = was.get(name, []), is_now.get(name, [])
            if sides[0] != sides[1]:
                yield Change(f"{name}: {before[task_id]['task']}", *_other_items(*sides))


def _other_items(was: list[str], is_now: list[str]) -> tuple[str | None, str | None]:
    """Items that one side alone has; all of both if only their order differs."""
    own = [each for each in was if each not in is_now], [each for each in is_now if each not in was]
    before, after = own if any(own) else (was, is_now)
    return "; ".join(before) or None, "; ".join(after) or None


def _definition(row: Mapping[Any, Any]) -> dict[str, list[str]]:
    """Labels, seed examples, weight and choices of a task, as far as its row has them; each a list of items."""
    choices, examples = json.loads(row.get("attributes") or "{}"), row.get("seed_examples", ())
    sets = choices.pop("seed_labels", None) or [None] * len(examples)
    texts = (
        _named(each["text"], each.get("label") if labels is None else ", ".join(labels))
        for each, labels in zip(examples, sets, strict=True)
    )
    return {
        "labels": [_named(each["name"], each.get("description")) for each in row.get("labels", ())],
        "seed_examples": list(texts),
        "weight": [f"{row.get('weight', 1):g}"],
        **{name: [json.dumps(choice, ensure_ascii=False)] for name, choice in choices.items()},
    }


def _named(name: str, more: str | None) -> str:
    return f"{name} ({more})" if more else name
