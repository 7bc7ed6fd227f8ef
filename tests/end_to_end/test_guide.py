"""The guide is true: its commands and edits, in their order, print what it shows."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.project import ROOT, TRACKED, Project, environment

_GUIDE = ROOT / "docs" / "guide.md"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`((?:data|conf)/[\w./]+\.\w+)`")
_LEFT_OUT = "…"
_TIME = re.compile(r"^\[\d\d/\d\d/\d\d \d\d:\d\d:\d\d\]")  # of a line of the log
_DEPENDS_ON_THE_MACHINE = re.compile(r"time  ")
_EDITS = ("yaml", "csv", "diff")
_COMMANDS = ("sh", "python")
_FEWEST_SHOWN = 9  # all steps but the first


class _Block(NamedTuple):
    kind: str
    body: str
    file: str
    """The last file that the text before it names."""


def _blocks(page: str) -> Iterator[_Block]:
    file = ""
    end = 0
    for found in _FENCE.finditer(page):
        named = _FILE.findall(page[end : found.start()])
        file, end = named[-1] if named else file, found.end()
        yield _Block(found[1], found[2], file)


def _edit(path: Path, block: _Block) -> None:
    """Writes a whole file, or lays the lines of a diff over those that it shows."""
    if block.kind != "diff":
        path.write_text(block.body, encoding="utf-8")
        return
    lines = block.body.splitlines(keepends=True)
    before, after = ("".join(line[1:] for line in lines if line[0] in kept) for kept in (" -", " +"))
    content = path.read_text(encoding="utf-8")
    assert content.count(before) == 1
    path.write_text(content.replace(before, after), encoding="utf-8")


def _arguments(line: str, project: Project) -> list[str]:
    """What is typed, as what is started here; `RUN` stands for the name of the last run of `generate`."""
    line = line.partition("  #")[0]
    if "=RUN" in line:
        names = (run.info.run_name or "" for run in project.mlflow_runs())
        line = line.replace("=RUN", "=" + next(name for name in names if "-generate-" in name))
    program, *rest = shlex.split(line)
    if program == "make":
        return ["kedro", "run", "--pipelines", *rest]
    return [Path(program).name, *rest]


def _printed(block: _Block, project: Project, env: dict[str, str]) -> str:
    if block.kind == "python":
        return _ended([sys.executable, "-c", block.body], project, env)
    lines = [line for line in block.body.replace("\\\n", "").splitlines() if not line.startswith("export ")]
    return "".join(_ended(_found(_arguments(line, project)), project, env) for line in lines)


def _found(arguments: list[str]) -> list[str]:
    return [str(Path(sys.executable).with_name(arguments[0])), *arguments[1:]]


def _ended(command: list[str], project: Project, env: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=project.folder,
        env=environment(**TRACKED, **(env if "--env" in command else {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _lines(text: str) -> list[str]:
    return [_TIME.sub("", line).strip() for line in text.splitlines()]


def _shown(block: _Block) -> list[str]:
    return [line for line in _lines(block.body) if line != _LEFT_OUT and not _DEPENDS_ON_THE_MACHINE.match(line)]


@pytest.mark.slow
def test_the_guide_prints_what_it_shows(project: Project, openai_env: dict[str, str]) -> None:
    printed = _printed(_Block("sh", "make generate", ""), project, openai_env)
    shown = 0
    for block in _blocks(_GUIDE.read_text(encoding="utf-8")):
        if block.kind in _EDITS:
            _edit(project.path(block.file), block)
        elif block.kind in _COMMANDS:
            printed = _printed(block, project, openai_env)
        else:
            rest = iter(_lines(printed))
            missing = next((line for line in _shown(block) if line not in rest), None)
            assert missing is None, f"{missing!r} is not printed, or not here:\n{printed}"
            shown += 1
    assert shown >= _FEWEST_SHOWN
