"""Report on brainstorming: rows of `tasks` and `tasks_by_call`, warnings and errors about missing tasks."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from synthetic_textcat.errors import BrainstormError
from synthetic_textcat.pipelines.task_ingest.brainstorm.rounds import Found, Rounds
from synthetic_textcat.schemas.outcomes import TRANSPORT_CAUSES
from synthetic_textcat.schemas.parameters import TaskIngestParameters
from synthetic_textcat.schemas.tasks import Task

_AGAIN = "Next: run the same command again, or set task_ingest.num_brainstormed=0"


def brainstorm_outcome(found: Found, settings: TaskIngestParameters) -> str:
    """How many distinct tasks there are, of how many; 51 characters fit beside time and level in 80 columns."""
    wanted, calls = settings.num_brainstormed, len(found.rounds.turns)
    tasks = f"Distinct tasks: {min(len(found.rounds.tasks), wanted)} of {wanted} in {calls} calls"
    return tasks if settings.label_sets == "none" else f"{tasks}, {found.labelled} labelled"


def refuse_broken_off(found: Found) -> None:
    """Makes sure that no call failed for want of a reply: with its tasks the plan would be another one.

    Raises:
        BrainstormError: Naming the first cause.
    """
    for call in (*found.rounds.stopped, *(each.brought for each in found.proposed)):
        if not call.is_settled and call.cause in TRANSPORT_CAUSES:
            raise BrainstormError(f"Brainstorming broke off ({call.cause}: {call.detail}). {_AGAIN}")


def refuse_nothing(tasks: int, found: Found) -> None:
    """Makes sure that there is a task at all, be it the user's.

    Raises:
        BrainstormError: Saying why none was found.
    """
    if not tasks:
        why = _causes(found.rounds) or _left_out(found) or "no round was answered in full"
        raise BrainstormError(f"Brainstorming brought no tasks ({why}). {_AGAIN}")


def warnings(found: Found, settings: TaskIngestParameters, ended_by: str = "A cap") -> Iterator[str]:
    """Why tasks are missing, if they are.

    Args:
        found: What brainstorming came to.
        settings: What was asked for.
        ended_by: What ended it, where calls are still open.
    """
    rounds, count, wanted = found.rounds, len(found.rounds.tasks), settings.num_brainstormed
    if causes := _causes(rounds):
        yield f"Brainstorming calls without a task in their reply, of {len(rounds.turns)}: {causes}"
    is_capped = bool(rounds.stopped) or any(not each.brought.is_settled for each in found.proposed)
    if is_capped:
        done = f"{min(count, wanted)} of {wanted} tasks"
        yield f"{ended_by} ended brainstorming at {done}; the same command goes on, and plans for more of them"
    elif count < wanted:
        yield (
            f"Brainstorming found {count} of {wanted} distinct tasks in task_ingest.max_calls={settings.max_calls} "
            "calls. Next: raise it, or tasks_per_call"
        )
    if settings.label_sets == "propose" and (left_out := _left_out(found)):
        yield f"Brainstormed tasks left out for want of a label set, of {len(found.proposed)}: {left_out}"
        if not is_capped and found.labelled < min(count, wanted):
            yield _too_few_label_sets(found, settings)


def _too_few_label_sets(found: Found, settings: TaskIngestParameters) -> str:
    """More calls are a way out only where they were the limit, and label sets can be had at all."""
    count, wanted = len(found.rounds.tasks), settings.num_brainstormed
    calls = f", or raise task_ingest.max_calls={settings.max_calls}"
    return (
        f"{count} tasks found, {found.labelled} got a label set, of {wanted} wanted. Next: see "
        "label_set_prompt in the catalog, or take another llm.model"
        + (calls if found.labelled and count < found.rounds.wanted else "")
    )


def not_thought_of_yet(found: Found, settings: TaskIngestParameters, has_tasks: bool) -> str | None:
    """What a preview says of tasks that it can't know, since it asks for none.

    Raises:
        BrainstormError: If that leaves no task at all.
    """
    missing = settings.num_brainstormed - len(found.proposed)
    if not has_tasks:
        raise BrainstormError("No task is there yet. Next: add one to the tasks file, or run `--pipelines task_ingest`")
    return f"Shown without {missing} tasks that are still to be brainstormed" if missing > 0 else None


def _causes(rounds: Rounds) -> str:
    return _counted(turn.brought.cause for turn in rounds.turns)


def _left_out(found: Found) -> str:
    left_out = (each.brought for each in found.proposed if not each.labels)
    return _counted(call.cause if call.is_settled and call.cause else "not asked" for call in left_out)


def _counted(causes: Iterable[str | None]) -> str:
    return ", ".join(f"{cause} {times}" for cause, times in sorted(Counter(filter(None, causes)).items()))


def task_rows(found: Found, settings: TaskIngestParameters) -> list[dict[str, Any]]:
    """The tasks that count; where label sets are asked for, those that got one."""
    return [
        Task(task=each.thought.sentence, labels=each.labels).to_row("brainstorm", each.thought.model_name)
        for each in found.proposed
        if each.labels or settings.label_sets == "none"
    ]


def call_rows(rounds: Rounds) -> list[dict[str, Any]]:
    """One row a call of the rounds that are whole."""
    return [
        {
            "call_number": turn.asked.number,
            "domain": turn.asked.domain,
            "tasks": [thought.sentence for thought in turn.new],
            "num_replied": len(turn.brought.sentences),
            "failure_cause": turn.brought.cause,
            "model_name": turn.brought.model_name,
        }
        for turn in rounds.turns
    ]
