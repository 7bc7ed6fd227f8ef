"""The configuration folder of an earlier run: whose values count, and no key is in it."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.config import OmegaConfigLoader

from synthetic_textcat import settings
from synthetic_textcat.errors import EarlierRunError, causes
from synthetic_textcat.hooks.earlier_run_conf import kept_entries, run_of_conf, write_conf
from synthetic_textcat.hooks.rebuild import changes_of_plan
from synthetic_textcat.hooks.tracking.run_artifacts import EarlierRun
from tests.support.project import Project

_KEY = "sk-of-this-machine-0123"
_KEPT: dict[str, Any] = {
    "seed": 7,
    "from_run": None,
    "attribute_sampling": {"num_examples": 30, "language": {"English": 3.0}, "extra": {"code": ["1e3", "no"]}},
}
_WELSH = {"language": {"Welsh": 1}}
_FILES: dict[str, dict[str, Any]] = {
    "base/globals.yml": {"team": "blue"},
    "base/parameters.yml": {
        "seed": 1,
        "from_run": None,
        "attribute_sampling": {"language": {"Welsh": 1}},
        "new": {"a": 1},
    },
    "base/catalog_genai.yml": {
        "llm": {"type": "MemoryDataset", "metadata": {"team": "${globals:team}"}},
        "prompt": {
            "type": "synthetic_textcat.datasets.PromptDataset",
            "filepath": "data/prompt.yml",
            "metadata": {"mlflow": {"prompt": True}},
        },
        "tasks_file": {"type": "synthetic_textcat.datasets.TasksFileDataset", "filepath": "data/tasks.yml"},
        "{name}_plot": {"type": "MemoryDataset"},
    },
    "openai/catalog.yml": {"llm": {"type": "MemoryDataset", "data": "of openai"}},
    "openai/parameters.yml": {"attribute_sampling": {"language": {"Urdu": 1}}, "new": {"b": 2}},
    "local/catalog.yml": {
        "_team": "red",
        "llm": {
            "type": "MemoryDataset",
            "data": {"headers": {"api-key": _KEY, "it's.mine": [_KEY, 5, True, None]}, "team": "${_team}"},
        },
        "prompt": {
            "type": "synthetic_textcat.datasets.PromptDataset",
            "filepath": "data/mine.yml",
            "fs_args": {"token": _KEY},
            "metadata": {"mlflow": {"prompt": True}},
        },
    },
    "local/credentials.yml": {"s3": {"key": _KEY, "pin": 123456, "user": "${oc.env:TEXTCAT_TEST_USER}"}},
    "local/parameters.yml": {"seed": 2, "attribute_sampling": {"num_examples": 1}, "new": {"token": _KEY}},
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return _project_in(tmp_path)


@pytest.fixture
def run(tmp_path: Path) -> EarlierRun:
    return _run_in(tmp_path)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project and the folder of a run there, for tests that only read them."""
    folder = tmp_path_factory.mktemp("written")
    project = _project_in(folder)
    return project, _written(_run_in(folder), project)


def _project_in(folder: Path) -> Path:
    for name, content in _FILES.items():
        path = folder / "it's a project/conf" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder / "it's a project"


def _run_in(parent: Path) -> EarlierRun:
    folder = parent / "kept/rebuild"
    (folder / "prompts").mkdir(parents=True)
    (folder / "parameters.yml").write_text(yaml.safe_dump(_KEPT), encoding="utf-8")
    (folder / "tasks.parquet").write_bytes(b"tasks")
    (folder / "prompts/prompt.yml").write_bytes(b"as it was")
    tags = {"sha256.prompt": hashlib.sha256(b"as it was").hexdigest()}
    return EarlierRun(run_id="abc", name="before", status="FINISHED", tags=tags, folder=folder)


def _loader(conf: Path, env: str | None = None, **parameters: Any) -> OmegaConfigLoader:
    arguments: dict[str, Any] = settings.CONFIG_LOADER_ARGS
    return settings.CONFIG_LOADER_CLASS(str(conf), env=env, runtime_params=parameters, **arguments)


def _conf_of(run: EarlierRun, loader: OmegaConfigLoader, project: Path) -> Path:
    entries, _ = kept_entries(run, loader["catalog"])
    return write_conf(run, entries, loader, project)


def _written(run: EarlierRun, project: Path) -> Path:
    return _conf_of(run, _loader(project / "conf"), project)


def test_the_runs_blocks_replace_the_projects_whole_and_what_was_unknown_then_is_the_projects(
    written: tuple[Path, Path],
) -> None:
    kept = {"seed": 7, "from_run": "abc", "attribute_sampling": _KEPT["attribute_sampling"]}
    _, conf = written

    assert _loader(conf)["parameters"] == {**kept, "new": {"a": 1, "token": _KEY}}
    assert _loader(conf, env="openai")["parameters"] == {**kept, "new": {"a": 1, "b": 2, "token": _KEY}}


def test_typed_parameters_come_first_and_are_reported_where_they_move_the_plan(written: tuple[Path, Path]) -> None:
    _, conf = written
    typed: dict[str, Any] = {
        "seed": 1,
        "from_run": "before",
        "attribute_sampling": {"num_examples": 30, "language": "German"},
    }

    now = _loader(conf, None, **typed)["parameters"]

    assert now["attribute_sampling"] == _KEPT["attribute_sampling"] | {"language": "German"}
    assert changes_of_plan(_KEPT, now) == ["seed=1", "attribute_sampling.language=German"]
    assert changes_of_plan(_KEPT, _loader(conf, generation={"max_attempts": 1})["parameters"]) == []


def test_a_parameter_that_the_earlier_run_did_not_know_changes_its_plan_only_if_it_is_set() -> None:
    kept = _KEPT["attribute_sampling"]
    for setting, changes in (("even", []), ("similar", ["attribute_sampling.misleading_label=similar"])):
        now = {**_KEPT, "attribute_sampling": {**kept, "misleading_label": setting}}
        assert changes_of_plan(_KEPT, now) == changes


def test_the_catalog_is_the_projects_with_the_runs_files(written: tuple[Path, Path]) -> None:
    project, conf = written
    before = {env: _loader(project / "conf", env=env)["catalog"] for env in (None, "openai")}

    for env, catalog in before.items():
        now = _loader(conf, env=env)["catalog"]
        assert {name: now.get(name) for name in ("llm", "{name}_plot")} == {
            name: catalog[name] for name in ("llm", "{name}_plot")
        }
        assert now["tasks_file"]["filepath"] == "data/02_intermediate/from_run/abc/rebuild/tasks.parquet"
        assert (project / now["prompt"]["filepath"]).read_bytes() == b"as it was"
        assert "fs_args" not in now["prompt"]


def test_keys_are_read_where_the_user_wrote_them(
    run: EarlierRun, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTCAT_TEST_USER", "me-and-my-secret")
    conf = _written(run, project)
    files = [path for path in conf.parent.rglob("*") if path.is_file()]

    assert len(files) > 5
    for secret in (_KEY, "me-and-my-secret", "123456"):
        assert not [path for path in files if secret in path.read_text(encoding="utf-8", errors="ignore")]
    assert _loader(conf)["credentials"] == {"s3": {"key": _KEY, "pin": 123456, "user": "me-and-my-secret"}}
    local = project / "conf/local/catalog.yml"
    local.write_text(local.read_text(encoding="utf-8").replace(_KEY, "sk-renewed"), encoding="utf-8")
    os.utime(local, ns=(1, 1))
    assert _loader(conf)["catalog"]["llm"]["data"]["headers"] == {
        "api-key": "sk-renewed",
        "it's.mine": ["sk-renewed", 5, True, None],
    }


def test_a_value_that_is_gone_is_named_with_the_next_step(run: EarlierRun, project: Path) -> None:
    conf = _written(run, project)
    (project / "conf/local/catalog.yml").write_text("llm: {type: MemoryDataset}\n", encoding="utf-8")

    with pytest.raises(Exception, match="raised while resolving interpolation") as caught:
        _loader(conf)["catalog"]

    [line] = [str(error) for error in causes(caught.value) if isinstance(error, EarlierRunError)]
    assert "local/catalog.yml has no " in line
    assert "Next: run with from_run again" in line


def test_the_folder_says_whose_it_is_and_a_failed_write_leaves_it(run: EarlierRun, project: Path) -> None:
    conf = _written(run, project)

    for asked in ("abc", "before"):
        again = run_of_conf(conf, asked)
        assert again is not None
        assert (again.tags, again.parameters()) == (run.tags, _KEPT)
    assert run_of_conf(conf, "another") is None
    assert run_of_conf(project / "conf", "abc") is None
    (project / "conf/base/catalog_genai.yml").write_text("{", encoding="utf-8")
    with pytest.raises(Exception, match="is not YAML"):
        _written(run, project)
    assert _loader(conf)["catalog"]["llm"]["data"]["team"] == "red"
    assert [path.name for path in conf.parents[1].iterdir()] == ["abc"]


def test_a_relative_configuration_folder_serves(
    run: EarlierRun, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "conf")
    conf = _conf_of(run, _loader(Path("../conf")), project)
    monkeypatch.chdir("/")

    assert _loader(conf)["catalog"]["llm"]["data"]["headers"]["api-key"] == _KEY


def test_configuration_in_an_archive_is_refused(run: EarlierRun, project: Path) -> None:
    archive = shutil.make_archive(str(project / "conf"), "zip", project / "conf")
    loader = _loader(project / "conf")
    loader.conf_source = archive

    with pytest.raises(EarlierRunError, match=r"and --conf-source is .*conf\.zip\. Next: unpack"):
        write_conf(run, {}, loader, project)


@pytest.mark.whole_run
def test_kedro_catalog_shows_the_files_of_the_run(tmp_path: Path, run: EarlierRun) -> None:
    project = Project(tmp_path / "project")
    (run.folder / "parameters.yml").write_bytes(project.path("conf/base/parameters.yml").read_bytes())
    prompt = project.path("data/01_raw/prompts/open_labels.yml").read_bytes()
    (run.folder / "prompts/prompt.yml").write_bytes(prompt)
    named = {"sha256.open_prompt": hashlib.sha256(prompt).hexdigest()}
    earlier = EarlierRun(run_id="abc", name="before", status="FINISHED", tags=named, folder=run.folder)
    _conf_of(earlier, _loader(project.path("conf")), project.folder)

    conf = "data/02_intermediate/from_run/abc/conf"
    done = project.kedro("catalog", "resolve-patterns", "--env", "openai", TEXTCAT_CONF_SOURCE=conf)

    assert done.returncode == 0, done.stderr
    assert f"{project.path('data/02_intermediate/from_run/abc/rebuild/prompts/prompt.yml')}\n" in done.stdout
    assert "KeptTasksDataset" in done.stdout
    assert "langchain_openai.ChatOpenAI" in done.stdout


def test_a_run_of_before_there_was_a_judge_lacks_no_prompt_of_it(run: EarlierRun) -> None:
    entry = _FILES["base/catalog_genai.yml"]["prompt"]
    entries, lacking = kept_entries(run, dict.fromkeys(("closed_prompt", "label_check_prompt", "prompt"), entry))
    assert set(lacking) == {"closed_prompt"}
    assert "label_check_prompt" not in entries
