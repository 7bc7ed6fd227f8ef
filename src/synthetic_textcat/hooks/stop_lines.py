"""What kept a run from asking for all of its rows, in lines to be read."""

import textwrap
from collections.abc import Iterator

from synthetic_textcat.schemas.stops import HOW_TO_GO_ON, PausedTask, Stops, stop_sentence

_WIDTH = 80
_MOST_SHOWN = 5


def stop_lines(stopped_by: str, stops: Stops) -> Iterator[str]:
    """An outage or a cap, and the tasks that are paused, within 80 columns."""
    if sentence := stop_sentence(stopped_by or stops.stopped_by, stops):
        yield from _told("stopped", f"by {sentence}")
    for task in stops.paused[:_MOST_SHOWN]:
        yield from _task_lines(task)
    if len(stops.paused) > _MOST_SHOWN:
        yield f"          and {len(stops.paused) - _MOST_SHOWN} more tasks: see the report"
    if stops.paused:
        yield from _told("", f"next: {HOW_TO_GO_ON}")


def _task_lines(task: PausedTask) -> Iterator[str]:
    yield f"paused    {textwrap.shorten(task.task, _WIDTH - 10, placeholder=' …')}"
    yield f"          first {task.replies} replies all {task.reason}; {task.not_asked:,} rows not asked for"


def _told(what: str, text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, _WIDTH, initial_indent=f"{what:<10}", subsequent_indent=" " * 10)
