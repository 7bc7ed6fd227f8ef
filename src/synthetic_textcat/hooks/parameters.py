"""Whose parameters count in a rebuilt run: what `--params` says, then the earlier run's, then the project's."""

from collections.abc import Iterator, Mapping
from typing import Any

_PLAN = ("seed", "attribute_sampling")
"""What the plan is a function of, beside the tasks."""


def rebuilt_parameters(project: Mapping[str, Any], kept: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of the rebuilt run.

    A block of the earlier run replaces the project's whole: what a mapping of weights says must not be mixed. Blocks
    that were unknown then are the project's; `from_run` is this run's own.
    """
    return over(asked, {**project, **kept, "from_run": project["from_run"]})


def over(top: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """The one laid over the other, block by block, as Kedro does with `--params`."""
    merged = dict(below)
    for name, value in top.items():
        under = merged.get(name)
        merged[name] = over(value, under) if isinstance(value, Mapping) and isinstance(under, Mapping) else value
    return merged


def changes_of_plan(kept: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """`block.name=value` for each parameter of the plan that is not as it was."""
    before, after = dict(_of_plan(kept)), dict(_of_plan(now))
    return [f"{name}={value}" for name, value in after.items() if name not in before or before[name] != value]


def _of_plan(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for block in _PLAN:
        content = parameters.get(block)
        if isinstance(content, Mapping):
            yield from ((f"{block}.{name}", value) for name, value in content.items())
        else:
            yield block, content
