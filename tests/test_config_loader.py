"""`conf/local` is read last in every environment, merged as Kedro merges environments."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.config import MissingConfigException

from synthetic_textcat.config_loader import LocalLastConfigLoader
from synthetic_textcat.settings import CONFIG_LOADER_ARGS, CONFIG_LOADER_CLASS

_FILES: dict[str, Any] = {
    "base/parameters.yml": {"llm": {"model": "base", "top_p": 1.0, "seed": 1}, "seed": 42, "language": "English"},
    "base/catalog.yml": {"llm": {"type": "Base"}, "examples": {"type": "Base", "filepath": "base"}},
    "openai/parameters.yml": {"llm": {"model": "openai", "top_p": 0.5}},
    "openai/catalog.yml": {"llm": {"type": "Openai", "kwargs": {"timeout": 1}}},
    "local/parameters.yml": {"llm": {"top_p": 0.1}, "language": {"German": 1}},
    "local/catalog.yml": {"examples": {"type": "Local"}},
}


def _conf(folder: Path, files: dict[str, Any]) -> Path:
    for environment in ("base", "openai", "local"):
        (folder / environment).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """A configuration with three environments."""
    return _conf(tmp_path / "conf", _FILES)


def _loader(conf: Path, env: str | None = None, **runtime: Any) -> LocalLastConfigLoader:
    return LocalLastConfigLoader(str(conf), env=env, runtime_params=runtime, **CONFIG_LOADER_ARGS)  # type: ignore[arg-type]


def test_the_project_uses_it() -> None:
    assert CONFIG_LOADER_CLASS is LocalLastConfigLoader


def test_parameters_of_local_are_laid_over_those_of_the_environment_key_by_key(conf: Path) -> None:
    assert _loader(conf, "openai")["parameters"] == {
        "llm": {"model": "openai", "top_p": 0.1, "seed": 1},
        "seed": 42,
        "language": {"German": 1},
    }


def test_typed_parameters_come_before_local(conf: Path) -> None:
    found = _loader(conf, "openai", llm={"top_p": 0.9}, language="Turkish")["parameters"]

    assert (found["llm"]["top_p"], found["language"]) == (0.9, "Turkish")


def test_catalog_entries_of_local_replace_whole_entries(conf: Path) -> None:
    assert _loader(conf, "openai")["catalog"] == {
        "llm": {"type": "Openai", "kwargs": {"timeout": 1}},
        "examples": {"type": "Local"},
    }


def test_without_an_environment_all_is_as_kedro_has_it(conf: Path) -> None:
    loader = _loader(conf)

    assert loader["parameters"]["llm"] == {"model": "base", "top_p": 0.1, "seed": 1}
    assert loader["catalog"] == {"llm": {"type": "Base"}, "examples": {"type": "Local"}}


def test_credentials_and_globals_may_be_in_local_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_KEY", "of-the-team")
    files = _FILES | {
        "local/credentials.yml": {"team": {"key": "${oc.env:TEAM_KEY}"}},
        "local/globals.yml": {"place": "mine"},
        "openai/catalog.yml": {"examples": {"type": "X", "filepath": "${globals:place}"}, "llm": {"type": "Y"}},
        "local/catalog.yml": {"other": {"type": "X", "filepath": "${globals:place}"}},
    }
    loader = _loader(_conf(tmp_path, files), "openai")

    assert loader["credentials"] == {"team": {"key": "of-the-team"}}
    assert [loader["catalog"][name]["filepath"] for name in ("examples", "other")] == ["mine", "mine"]


def test_a_misspelt_environment_is_refused_though_local_has_files(conf: Path) -> None:
    for kind in ("parameters", "catalog"):
        with pytest.raises(MissingConfigException, match="opnai"):
            _loader(conf, "opnai")[kind]


def test_a_key_in_two_files_of_local_is_refused(conf: Path) -> None:
    conf.joinpath("local", "parameters_more.yml").write_text("seed: 1\nllm: {top_p: 1.0}", encoding="utf-8")

    with pytest.raises(ValueError, match=r"Duplicate keys found .*llm\.top_p"):
        _loader(conf, "openai")["parameters"]


def test_a_configuration_without_local_is_read_as_kedro_reads_it(tmp_path: Path) -> None:
    other = _conf(tmp_path / "other", {name: content for name, content in _FILES.items() if "local" not in name})
    assert _loader(other, "openai")["parameters"]["llm"]["top_p"] == 0.5

    other.joinpath("local").rmdir()
    assert _loader(other, "openai")["parameters"]["llm"]["top_p"] == 0.5


def test_what_a_hook_has_set_is_not_read_again(conf: Path) -> None:
    loader = _loader(conf, "openai")
    loader["parameters"] = {"seed": 1}

    assert loader["parameters"] == {"seed": 1}
