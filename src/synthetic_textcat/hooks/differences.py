"""What is not as it was in the run that is rebuilt: model, environment, code, packages."""

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from synthetic_textcat.hooks.tracking.run_artifacts import KeptRun

_MOST_PACKAGES = 5
_COMMIT = "mlflow.source.git.commit"


def differences(
    run: KeptRun, kept: Mapping[str, Any], now: Mapping[str, Any], tags: Mapping[str, str]
) -> Iterator[str]:
    """Each difference in a few words, then and now.

    Args:
        run: The earlier run.
        kept: Its parameters.
        now: This run's parameters.
        tags: This run's `env` and `mlflow.source.git.commit`, the latter where there is one.
    """
    models = [(parameters.get("llm") or {}).get("model") for parameters in (kept, now)]
    if models[0] != models[1]:
        yield f"model {models[0]} (now {models[1]})"
    if run.tags.get("env", tags["env"]) != tags["env"]:
        yield f"--env {run.tags['env']} (now {tags['env']})"
    commits = [found.get(_COMMIT, "")[:7] for found in (run.tags, tags)]
    if all(commits) and commits[0] != commits[1]:
        yield f"code {commits[0]} (now {commits[1]})"
    packages = list(_packages(run))
    yield from packages[:_MOST_PACKAGES]
    if len(packages) > _MOST_PACKAGES:
        yield f"{len(packages) - _MOST_PACKAGES} more packages"


def _packages(run: KeptRun) -> Iterator[str]:
    """Packages in another version than the run's tags name, or else its constraints."""
    told = {name.removeprefix("version."): found for name, found in run.tags.items() if name.startswith("version.")}
    for name, then in sorted((_pinned(run) | told).items()):
        try:
            installed = version(name)
        except PackageNotFoundError:  # of an extra that is not installed
            continue
        if installed != then:
            yield f"{name} {then} (now {installed})"


def _pinned(run: KeptRun) -> dict[str, str]:
    path = run.folder / "constraints.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return dict(filter(None, map(_pin, lines)))


def _pin(line: str) -> tuple[str, str] | None:
    """Name and version of a line `name==version`, if it is meant for this Python and machine."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        pinned = Requirement(line.partition("#")[0].strip())
    except InvalidRequirement:
        return None
    exact = [each.version for each in pinned.specifier if each.operator == "=="]
    return (pinned.name, exact[0]) if exact and (pinned.marker is None or pinned.marker.evaluate()) else None
