"""The plan's rules: how rows are dealt round the tasks, and what is drawn for each."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate

from synthetic_textcat.hashing import draw, draw_int, short_id, shuffled
from synthetic_textcat.schemas.attributes import weights_of
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.tasks import Task


class Odds:
    """One attribute's values with their weights, ready to be drawn from."""

    def __init__(self, attribute: str, weights: Mapping[str, Fraction]) -> None:
        self._attribute = attribute
        self._values = list(weights)
        self._ends = [float(end) for end in accumulate(weights.values())]

    def draw(self, seed: int, task_id: str, replicate: int) -> str:
        """The value of one row: a hash of seed, task, replicate and the attribute's name, and of nothing else."""
        position = bisect_right(self._ends, draw(seed, task_id, replicate, self._attribute))
        return self._values[min(position, len(self._values) - 1)]


def plan_rows(
    tasks: Sequence[Task], sampling: AttributeSamplingParameters, seed: int
) -> Iterator[dict[str, str | int | None]]:
    """The rows in plan order: the first replicate of each task, then the second of each, and so on.

    Tasks take their turns in the order of their ids, so that the order of the file moves no row; a longer plan begins
    with the shorter one.
    """
    in_turn = sorted(tasks, key=lambda task: task.task_id)
    odds = [(name, Odds(name, weights_of(name, getattr(sampling, name)))) for name in ATTRIBUTES]
    for number in range(sampling.num_examples):
        replicate, turn = divmod(number, len(in_turn))
        task = in_turn[turn]
        label, misleading_label = plan_labels(task, seed, replicate)
        yield {
            "request_id": short_id(seed, task.task_id, replicate),
            "task_id": task.task_id,
            "replicate": replicate,
            "task": task.task,
            **{name: values.draw(seed, task.task_id, replicate) for name, values in odds},
            "label": label,
            "misleading_label": misleading_label,
            "seed": draw_int(31, seed, task.task_id, replicate, "seed"),
        }


def plan_labels(task: Task, seed: int, replicate: int) -> tuple[str | None, str | None]:
    """The planned label and misleading label; two Nones for an open label set.

    Each run of as many replicates as there are labels has every label once, in an order of its own: so counts differ by
    one at most, wherever the plan ends. The misleading label is drawn evenly from the others.
    """
    names = sorted(task.label_names)
    if not names:
        return None, None
    block, place = divmod(replicate, len(names))
    label = shuffled(names, seed, task.task_id, block, "label")[place]
    others = [name for name in names if name != label]
    return label, others[int(draw(seed, task.task_id, replicate, "misleading_label") * len(others))]
