"""What the rows of two runs train, side by side."""

from collections.abc import Iterator
from typing import NamedTuple

from synthetic_textcat.schemas.run_records import Evaluation, RunRecord

_TOLD = ("real/", "train/")
_ENDS = ("_low", "_high")
_BY_TASK = "real/macro_f1/"
_COUNTS = ("rows", "tasks", "_exact", "_near", "left_out")


class Trained(NamedTuple):
    """A metric of both evaluations, with its interval where it has one; None where one has not got it."""

    metric: str
    baseline: str | None
    candidate: str | None


def trained(baseline: RunRecord, candidate: RunRecord) -> list[Trained]:
    """All metrics of the evaluations, those of real rows first; none where neither run was evaluated."""
    evaluations = (baseline.evaluation, candidate.evaluation)
    names = {name for found in evaluations if found for name in found.metrics if name.startswith(_TOLD)}
    told = sorted(name for name in names if not name.endswith(_ENDS) and not name.startswith(_BY_TASK))
    return [Trained(name, *(_shown(found, name) for found in evaluations)) for name in told]


def caveats(baseline: RunRecord, candidate: RunRecord) -> Iterator[str]:
    """Why the metrics of the evaluations are no fair comparison; nothing if they are, or if there are none."""
    one, other = baseline.evaluation, candidate.evaluation
    if one and other:
        if one.real_rows != other.real_rows:
            yield "The runs were evaluated on different evaluation sets: their scores on real rows don't compare."
        if one.model != other.model:
            yield f"The runs were evaluated with different models ({one.model}, {other.model}): scores don't compare."
    elif one or other:
        lacking = "baseline" if other else "candidate"
        yield f"Nobody evaluated the rows of the {lacking}: run evaluate after each generate, before the next one."


def _shown(found: Evaluation | None, name: str) -> str | None:
    if found is None or name not in found.metrics:
        return None
    low, high = (found.metrics.get(f"{name}{end}") for end in _ENDS)
    interval = f" ({low:.3f} to {high:.3f})" if low is not None and high is not None else ""
    return _number(name, found.metrics[name]) + interval


def _number(name: str, value: float) -> str:
    return f"{value:,.0f}" if name.endswith(_COUNTS) else f"{value:.3f}"
