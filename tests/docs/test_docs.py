"""The pages for people say nothing that the code does not do: links, paths, parameters, pipelines, targets."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from kedro.io import DataCatalog

from synthetic_textcat.datasets import ChatModelDataset
from synthetic_textcat.pipeline_registry import register_pipelines
from synthetic_textcat.pipelines.task_ingest.confusable_file import read_confusable
from synthetic_textcat.pipelines.task_ingest.tasks_file import read_tasks
from synthetic_textcat.schemas.parameter_validation import validate_parameters
from synthetic_textcat.schemas.parameters import Parameters
from tests.support.each_case import each_case, each_of

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "synthetic_textcat"
_NAMES = ("README.md", "AGENTS.md", "CLAUDE.md", "CONTRIBUTING.md", "notebooks/README.md")
PAGES = [*(ROOT / name for name in _NAMES), *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_PATH = re.compile(
    r"[\w.\-/*]+(?:\.(?:csv|db|html|jinja|json|jsonl|md|parquet|py|toml|txt|yml)|/)|Makefile|\.[a-z][\w\-.]+"
)
_MADE_BY_RUNS = re.compile(
    r"data/0[2-8]|data/01_raw/(?:reference\.csv|evaluation_set\.csv|hand_labels\.parquet|label_sample\.csv|my_tasks\.yml|confusable\.yml)|mlflow\.db|rebuild/|conf/local/|\.venv|outcomes\.parquet|workers\.csv"
)
"""What a fresh clone does not have."""

_MAKE = re.compile(r"\bmake ([a-z-]+)")
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
_PIPELINES = re.compile(r"--pipelines? ([\w,]+)")
_ENVIRONMENT = re.compile(r"--env (\w+)")
_PARAMETERS = re.compile(r"--params ([^\s\"`]+)")


_each_page = each_case(PAGES, lambda page: page.relative_to(ROOT).as_posix())


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _blocks(page: Path, language: str) -> list[str]:
    return [body for name, body in _FENCE.findall(_text(page)) if name == language]


def _spans(page: Path) -> list[str]:
    return _SPAN.findall(_FENCE.sub("", _text(page)))


def _commands(page: Path) -> list[str]:
    """What could be typed: each line of a shell block, without its comment, and each span."""
    lines = (line.partition("  #")[0].strip() for block in _blocks(page, "sh") for line in block.splitlines())
    return [*(line for line in lines if not line.startswith("#")), *_spans(page)]


def _is_there(name: str, page: Path) -> bool:
    """Whether the path exists, seen from the project, from the package or from the page."""
    found = any(any(base.glob(name.rstrip("/"))) for base in (ROOT, PACKAGE, page.parent))
    return found or ("/" not in name and _is_a_name_of_the_code(name))


def _is_a_name_of_the_code(name: str) -> bool:
    """Whether a bare file name is one of the package's or of conf and prompts, wherever it lies there."""
    folders = (PACKAGE, ROOT / "conf", ROOT / "data" / "01_raw")
    return any(any(folder.rglob(name)) for folder in folders)


@cache
def _parameters(environment: str) -> dict[str, Any]:
    """All parameters of an environment, as Kedro merges them."""
    merged: dict[str, Any] = {}
    for folder in dict.fromkeys(("base", environment)):
        loaded = yaml.safe_load(_text(ROOT / "conf" / folder / "parameters.yml"))
        merged = _merged(merged, loaded)
    return merged


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`: a block of both is one of both; what lies deeper is taken from above."""
    both = {name for name in below.keys() & above.keys() if isinstance(below[name], dict)}
    return {**below, **above, **{name: {**below[name], **above[name]} for name in both}}


def _typed(text: str) -> Iterator[tuple[str, Any]]:
    """The keys and values of what is typed after `--params`."""
    for pair in text.split(","):
        key, equals, value = pair.partition("=")
        assert equals, f"{pair} is no key=value"
        yield key, yaml.safe_load(value)


def _nested(key: str, value: Any) -> dict[str, Any]:
    block, dot, name = key.partition(".")
    return {block: _nested(name, value)} if dot else {key: value}


@_each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    inner = [link for link in _LINK.findall(_text(page)) if not link.startswith("https://")]

    assert not [link for link in inner if not (page.parent / link.partition("#")[0]).exists()]


@_each_page
def test_every_anchor_is_a_heading(page: Path) -> None:
    linked = [link.partition("#") for link in _LINK.findall(_text(page)) if not link.startswith("https://")]

    assert not [
        f"{name}#{anchor}"
        for name, _, anchor in linked
        if anchor and anchor not in _anchors(page.parent / name if name else page)
    ]


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = _HEADING.findall(_FENCE.sub("", _text(page)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@_each_page
def test_every_path_exists(page: Path) -> None:
    named = [span for span in _spans(page) if _PATH.fullmatch(span) and not _MADE_BY_RUNS.match(span)]

    assert not [name for name in named if not _is_there(name, page)]


def test_every_path_made_by_a_run_is_in_the_catalog() -> None:
    catalog = _catalog()
    made = {
        entry[key] + end
        for each in catalog.values()
        for entry in (each, each.get("dataset", {}))
        for key, end in (("filepath", ""), ("path", "/"))
        if key in entry
    }
    named = {span for page in PAGES for span in _spans(page) if re.match(r"data/0[2-8]", span)}

    assert named
    assert not [name for name in named if not any(path.startswith(name) for path in made)]


@_each_page
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(_TARGET.findall(_text(ROOT / "Makefile")))

    assert {name for command in _commands(page) for name in _MAKE.findall(command)} <= targets


def test_every_pipeline_is_registered() -> None:
    registered = register_pipelines().keys()
    for page in PAGES:
        typed = [names for command in _commands(page) for names in _PIPELINES.findall(command)]
        assert {name for names in typed for name in names.split(",")} <= registered, page


def test_every_hook_of_the_table_is_a_class() -> None:
    _, _, section = _text(ROOT / "docs" / "architecture.md").partition("## Hooks")
    hooks = re.findall(r"`([A-Z]\w+)`", section.partition("\n## ")[0])
    code = "".join(_text(path) for path in (PACKAGE / "hooks").rglob("*.py"))

    assert "JournalWriter" in hooks
    assert not [name for name in hooks if f"class {name}" not in code]


def test_the_readme_names_every_pipeline() -> None:
    assert register_pipelines().keys() - {"__default__"} <= {*_spans(ROOT / "README.md"), "generate"}


@_each_page
def test_every_typed_parameter_is_valid(page: Path) -> None:
    for command in _commands(page):
        environment = next(iter(_ENVIRONMENT.findall(command)), "base")
        for text in _PARAMETERS.findall(command):
            parameters = _parameters(environment)
            for key, value in _typed(text):
                parameters = _merged(parameters, _nested(key, value))
            validate_parameters(parameters)


@_each_page
def test_every_named_parameter_exists(page: Path) -> None:
    known = {
        f"{block}.{name}"
        for block, field in Parameters.model_fields.items()
        for name in getattr(field.annotation, "model_fields", ())
    }
    blocks = "|".join(Parameters.model_fields)
    named = {found[1] for span in _spans(page) if (found := re.match(rf"((?:{blocks})\.\w+)(?:=|$)", span))}
    files = {f"{block}.py" for block in Parameters.model_fields}

    assert named - files <= known


@_each_page
def test_every_assignment_is_valid(page: Path) -> None:
    for span in _spans(page):
        if re.fullmatch(r"\w+\.\w+=\w+", span):
            ((key, value),) = _typed(span)
            validate_parameters(_merged(_parameters("openai"), _nested(key, value)))


@_each_page
def test_every_example_of_yaml_is_valid(page: Path) -> None:
    for block in _blocks(page, "yaml"):
        if block.startswith(("# conf/base/", "# src/")):
            continue  # tests/recipes adds it to a copy of the project
        content = yaml.safe_load(block)
        if block.startswith("# data/01_raw/confusable.yml"):
            _assert_is_confusable(content, page)
        elif isinstance(content, list):
            read_tasks(content)
        elif all(isinstance(entry, dict) and "type" in entry for entry in content.values()) and "llm" not in content:
            _assert_is_catalog(content)
        elif "class_path" in content.get("llm", {}):
            assert content["llm"].pop("type").endswith(ChatModelDataset.__name__)
            ChatModelDataset(**content["llm"])
        else:
            validate_parameters(_merged(_parameters("base"), content))


def _assert_is_confusable(content: object, page: Path) -> None:
    """The file names tasks and labels of the page's own tasks file."""
    entries = [yaml.safe_load(block) for block in _blocks(page, "yaml")]
    tasks = [task for entry in entries if isinstance(entry, list) for task in read_tasks(entry)]
    labels = read_confusable(content)
    labels.refuse_unknown(tasks)
    assert any(labels.applied(task) != task for task in tasks)


def _catalog() -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for path in sorted((ROOT / "conf" / "base").glob("catalog*.yml")):
        entries |= {name: entry for name, entry in yaml.safe_load(_text(path)).items() if not name.startswith("_")}
    return entries


def _assert_is_catalog(content: dict[str, Any]) -> None:
    named = {entry["credentials"]: {"key": "k", "secret": "s"} for entry in content.values() if "credentials" in entry}
    catalog = DataCatalog.from_config(content, named)
    assert {*content} <= _catalog().keys()
    assert all(catalog.get(name) is not None for name in content)


@each_of(
    ("name", "most"),
    [("AGENTS.md", 70), ("README.md", 120), ("docs/architecture.md", 190), ("docs/guide.md", 245), ("CLAUDE.md", 3)],
)
def test_pages_stay_short(name: str, most: int) -> None:
    assert len(_text(ROOT / name).splitlines()) <= most


@each_case(DECISIONS, lambda page: page.stem)
def test_a_decision_is_one_short_page_in_the_index(page: Path) -> None:
    title = _text(page).splitlines()[0]

    assert 10 <= len(_text(page).splitlines()) <= 30
    assert re.fullmatch(rf"# {page.stem[:4]}: .+", title)
    assert f"| [{page.stem[:4]}]({page.name}) | {title.partition(': ')[2]} |" in _text(page.with_name("README.md"))


@each_case(DECISIONS, lambda page: page.stem)
def test_a_decision_has_a_status_that_names_later_ones(page: Path) -> None:
    status = re.fullmatch(r"Status: (?:Accepted(?:; amended by (.+))?|Superseded by (.+))", _text(page).splitlines()[2])

    assert status is not None
    later = [name for names in status.groups() if names for name in names.split(", ")]
    assert all(name > page.stem[:4] and any(other.stem.startswith(name) for other in DECISIONS) for name in later)


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(page.stem[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
