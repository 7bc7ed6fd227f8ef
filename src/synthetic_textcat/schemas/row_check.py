"""The check of one reply alone, as the pipeline that asks takes it: it may not know the one that checks."""

from collections.abc import Callable, Mapping
from typing import Any

from synthetic_textcat.schemas.replies import Problem, Reply
from synthetic_textcat.schemas.tasks import Task

RowCheck = Callable[[Task, Mapping[str, Any], Reply], Problem | None]
"""From task, planned row and reply to the reject reason with its words; None for a row that stands."""
