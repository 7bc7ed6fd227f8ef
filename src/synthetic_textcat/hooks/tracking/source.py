"""The code that a run ran: its git commit, and whether the tree held more than that."""

import subprocess
from pathlib import Path

_COMMAND = ("git", "--no-optional-locks", "status", "--porcelain=v2", "--branch")
_OID = "# branch.oid "


def source_tags(project: Path) -> dict[str, str]:
    """`mlflow.source.git.commit` (where there is one) and `git.dirty`: true, false, or unknown without git."""
    try:
        done = subprocess.run(_COMMAND, cwd=project, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return {"git.dirty": "unknown"}
    lines = done.stdout.splitlines()
    dirty = any(not line.startswith("#") for line in lines)
    tags = {"git.dirty": str(dirty).lower()}
    commit = next((line.removeprefix(_OID) for line in lines if line.startswith(_OID)), "(initial)")
    return tags if commit == "(initial)" else tags | {"mlflow.source.git.commit": commit}
