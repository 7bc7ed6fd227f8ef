"""The recipes of CONTRIBUTING.md, read from the page and carried out in a copy of the project."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.support.project import ROOT, Project

_RECIPE = re.compile(r"^\*\*(.+?)\.\*\*(.*?)(?=^\*\*|^## )", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(\w+)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LOOPBACK_ONLY = ROOT / "tests" / "support" / "loopback_only"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe.

    Attributes:
        text: All of it.
        blocks: Language, file and content of each block.
    """

    text: str
    blocks: tuple[tuple[str, str, str], ...]

    @property
    def lines(self) -> int:
        """Its length, without fences and blank lines."""
        return sum(bool(line.strip()) and not line.startswith("```") for line in self.text.splitlines())

    def carry_out(self, folder: Path) -> None:
        """Changes the files that the blocks name."""
        for language, name, content in self.blocks:
            path = folder / name
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            changed = _patched(before, content) if language == "diff" else before + content
            path.write_text(changed, encoding="utf-8")


def recipes() -> dict[str, Recipe]:
    """All recipes by name: the entries of the page that have blocks with a file."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = {name: Recipe(text, tuple(_BLOCK.findall(text))) for name, text in _RECIPE.findall(page)}
    return {name: recipe for name, recipe in found.items() if recipe.blocks}


class CopiedProject(Project):
    """A project that brings its own package, so that it can be changed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        shutil.copytree(ROOT / "src", folder / "src", dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        # Without bytecode files: a file put back within the second, at the same length, would pass for the changed one.
        self.env = {"PYTHONPATH": f"{_LOOPBACK_ONLY}:{folder / 'src'}", "PYTHONDONTWRITEBYTECODE": "1"}


def _patched(text: str, diff: str) -> str:
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if not line.startswith("+"))
    assert text.count(before) == 1, before
    return text.replace(before, "".join(line[1:] for line in lines))
