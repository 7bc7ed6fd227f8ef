"""From what was found to the rows of `tasks` and `tasks_by_call`."""

from typing import Any

from synthetic_textcat.pipelines.task_ingest.brainstorm.nodes import Found
from synthetic_textcat.pipelines.task_ingest.brainstorm.rounds import Rounds
from synthetic_textcat.schemas.parameters import TaskIngestParameters
from synthetic_textcat.schemas.tasks import Task


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
