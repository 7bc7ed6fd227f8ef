"""Report on brainstorming: rows of `tasks` and `tasks_by_call`, warnings and errors about missing tasks."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from synthetic_textcat.errors import BrainstormError
from synthetic_textcat.pipelines.task_ingest.brainstorm.rounds import BrainstormResult, BrainstormRounds
from synthetic_textcat.pipelines.task_ingest.confusable_file import ConfusableLabels
from synthetic_textcat.schemas.outcomes import NO_REPLY_CAUSES
from synthetic_textcat.schemas.parameters import TaskIngestParameters
from synthetic_textcat.schemas.tasks import Task

_AGAIN = "Next: run the same command again, or set task_ingest.num_brainstormed=0"


def brainstorm_summary(found: BrainstormResult, settings: TaskIngestParameters) -> str:
    """Number of distinct tasks found, of the number wanted; 51 characters fit next to time and level in 80 columns."""
    wanted, calls = settings.num_brainstormed, len(found.rounds.calls)
    tasks = f"Distinct tasks: {min(len(found.rounds.tasks), wanted)} of {wanted} in {calls} calls"
    return tasks if settings.label_sets == "none" else f"{tasks}, {found.num_labelled} labelled"


def check_no_transport_failure(found: BrainstormResult) -> None:
    """Check that no call is without a reply, since its tasks would change the plan.

    Raises:
        BrainstormError: If a call failed in transport; names the first cause.
    """
    for call in (*found.rounds.stopped, *(each.result for each in found.selected)):
        if not call.is_settled and call.cause in NO_REPLY_CAUSES:
            raise BrainstormError(f"Brainstorming stopped early ({call.cause}: {call.detail}). {_AGAIN}")


def check_has_tasks(tasks: int, found: BrainstormResult) -> None:
    """Check that there is a task, the user's or a brainstormed one.

    Raises:
        BrainstormError: If there is none; names the causes.
    """
    if not tasks:
        why = _causes(found.rounds) or _left_out(found) or "no round was answered in full"
        raise BrainstormError(f"Brainstorming found no tasks ({why}). {_AGAIN}")


def warnings(found: BrainstormResult, settings: TaskIngestParameters, ended_by: str = "A cap") -> Iterator[str]:
    """Warnings about missing tasks, with the reason for each.

    Args:
        found: Result of brainstorming.
        settings: Number of tasks and calls, and whether label sets were requested.
        ended_by: Cause of the end if calls are still open.
    """
    rounds, count, wanted = found.rounds, len(found.rounds.tasks), settings.num_brainstormed
    if causes := _causes(rounds):
        yield f"Brainstorming calls whose reply held no task, of {len(rounds.calls)}: {causes}"
    is_capped = bool(rounds.stopped) or any(not each.result.is_settled for each in found.selected)
    if is_capped:
        done = f"{min(count, wanted)} of {wanted} tasks"
        yield f"{ended_by} ended brainstorming at {done}; the same command continues, and plans rows for all of them"
    elif count < wanted:
        yield (
            f"Brainstorming found {count} of {wanted} distinct tasks in task_ingest.max_calls={settings.max_calls} "
            "calls. Next: raise it, or tasks_per_call"
        )
    if settings.label_sets == "propose" and (left_out := _left_out(found)):
        dropped = sum(not each.labels for each in found.selected)
        yield f"Dropped {dropped} of {len(found.selected)} brainstormed tasks without a label set: {left_out}"
        if not is_capped and found.num_labelled < min(count, wanted):
            yield _too_few_label_sets(found, settings)


def _too_few_label_sets(found: BrainstormResult, settings: TaskIngestParameters) -> str:
    """Warning about missing label sets; suggests more calls only if calls were the limit and some sets were found."""
    count, wanted = len(found.rounds.tasks), settings.num_brainstormed
    calls = f", or raise task_ingest.max_calls={settings.max_calls}"
    return (
        f"{count} tasks found, {found.num_labelled} got a label set, of {wanted} wanted. Next: see "
        "label_set_prompt in the catalog, or use another llm.model"
        + (calls if found.num_labelled and count < found.rounds.wanted else "")
    )


def missing_tasks_notice(found: BrainstormResult, settings: TaskIngestParameters, has_tasks: bool) -> str | None:
    """Notice in a preview, which makes no calls, about tasks not brainstormed yet.

    Raises:
        BrainstormError: If no task is known.
    """
    missing = settings.num_brainstormed - len(found.selected)
    if not has_tasks:
        raise BrainstormError("There is no task yet. Next: add one to the tasks file, or run `--pipelines task_ingest`")
    return f"Shown without {missing} tasks that are not brainstormed yet" if missing > 0 else None


def _causes(rounds: BrainstormRounds) -> str:
    return _counted(call.result.cause for call in rounds.calls)


def _left_out(found: BrainstormResult) -> str:
    left_out = (each.result for each in found.selected if not each.labels)
    return _counted(call.cause if call.is_settled and call.cause else "not asked" for call in left_out)


def _counted(causes: Iterable[str | None]) -> str:
    return ", ".join(f"{cause} {times}" for cause, times in sorted(Counter(filter(None, causes)).items()))


def task_rows(
    found: BrainstormResult, settings: TaskIngestParameters, confusable_labels: ConfusableLabels
) -> list[dict[str, Any]]:
    """Rows of `tasks`; if label sets are requested, only tasks with a label set."""
    return [
        confusable_labels.applied(Task(task=each.task.sentence, labels=each.labels)).to_row(
            "brainstorm", each.task.model_name
        )
        for each in found.selected
        if each.labels or settings.label_sets == "none"
    ]


def call_rows(rounds: BrainstormRounds) -> list[dict[str, Any]]:
    """Rows of `tasks_by_call`: one for each call of the completed rounds."""
    return [
        {
            "call_number": call.question.number,
            "domain": call.question.domain,
            "tasks": [task.sentence for task in call.new],
            "num_replied": len(call.result.sentences),
            "failure_cause": call.result.cause,
            "model_name": call.result.model_name,
        }
        for call in rounds.calls
    ]
