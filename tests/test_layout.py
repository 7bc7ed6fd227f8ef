"""Layout of the source: a file is a concept of the field, of a length that can be read at once (ADR 0038).

The length of the catalog is held by `test_catalog.py`, lengths of pages by `docs/test_docs.py`.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from tests.support.each_case import each_case

_ROOT = Path(__file__).parents[1] / "src"
_SOURCE = _ROOT / "synthetic_textcat"
_MOST_LINES, _FEWEST_LINES = 400, 120
_GUARDED = "a rule, which would lose its import guard in nodes.py"
_BY_ITSELF = "one check; its reader would be too long"
_NODE_FILES = {"__main__.py", "nodes.py", "pipeline.py"}  # their names mean something to Python or to the contracts
_OF_THEIR_OWN = {
    "datasets/task_weights.py": "entries of a tasks file, which its reader and the file of weights know nothing of",
    "llm/prompts/length_placeholders.py": "its reader would be too long",
    "pipelines/export/distinct_batches.py": "an algorithm by itself, with property tests",
    "pipelines/quality_report/checks/lazy_facts.py": "a decorator, of no check",
    "pipelines/quality_report/checks/same_labels.py": _BY_ITSELF,
    "hooks/model_servers.py": "which addresses each model of a run asks: a rule with tests of its own",
    "llm/shards/shard_tally.py": "the counts of a shard, which its reader returns",
    "pipelines/attribute_sampling/plan_report.py": _GUARDED,
    "pipelines/evaluate/saved_classifiers.py": _GUARDED,
    "pipelines/label_check/judge/majority.py": _GUARDED,
    "pipelines/quality_report/checks/placeholders.py": _BY_ITSELF,
    "pipelines/quality_report/checks/text_ends.py": _BY_ITSELF,
    "pipelines/quality_report/page/sections.py": "the form of sections.yml, to which a recipe adds",
}
"""Short modules whose only reader is in the same folder, and why each is a file of its own."""

_NO_CONCEPT = re.compile(r"(?:what|those|these|this|that|one|it|how|when|where|which|who|why|of)\b(?!-)", re.IGNORECASE)


def _modules() -> dict[str, Path]:
    """Dotted name → file of each module."""
    files = sorted(_SOURCE.rglob("*.py"))
    return {".".join(path.relative_to(_ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


@cache
def _docstring_and_imports(path: Path) -> tuple[str | None, frozenset[str]]:
    """First docstring of a file, and the dotted names that it imports, at its top or within a function."""
    tree, found = ast.parse(path.read_text(encoding="utf-8")), set()
    for node in _statements(tree.body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return ast.get_docstring(tree), frozenset(found)


def _statements(block: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """All statements of a block, those of inner blocks among them; expressions hold none."""
    for node in block:
        yield node
        for inner in ("body", "orelse", "handlers", "finalbody", "cases"):
            yield from _statements(getattr(node, inner, []))


@cache
def _readers() -> dict[Path, set[Path]]:
    """The files that import each file; a package's `__init__.py`, which hands names on, counts as none."""
    modules, readers = _modules(), defaultdict[Path, set[Path]](set)
    for path in modules.values():
        if path.name != "__init__.py":
            for name in _docstring_and_imports(path)[1] & modules.keys():
                readers[modules[name]].add(path)
    return readers


@each_case(sorted(_SOURCE.rglob("*.py")))
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= _MOST_LINES


def test_a_short_module_with_one_reader_next_to_it_is_a_part_of_that_reader() -> None:
    readers = _readers()
    alone = {path: next(iter(found)) for path, found in readers.items() if len(found) == 1}
    short = {
        path.relative_to(_SOURCE).as_posix()
        for path, reader in alone.items()
        if path.parent == reader.parent
        and path.name not in _NODE_FILES
        and len(path.read_text(encoding="utf-8").splitlines()) <= _FEWEST_LINES
    }

    assert len(readers) > 100
    assert short == _OF_THEIR_OWN.keys()


@each_case(sorted(_SOURCE.rglob("*.py")))
def test_the_first_line_of_a_file_begins_with_its_concept(path: Path) -> None:
    said, _ = _docstring_and_imports(path)
    assert said, "no docstring"
    assert not _NO_CONCEPT.match(said), said.splitlines()[0]
