"""`conf/local` is read last in every environment, merged as Kedro merges environments."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.config import MissingConfigException

from synthetic_textcat.config_loader import LocalLastConfigLoader
from synthetic_textcat.errors import ConfigurationError, ParameterError
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

    with pytest.raises(ConfigurationError, match=r"both set llm\.top_p\. Next: keep it in one of them"):
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


@pytest.mark.parametrize("env", [None, "openai"])
def test_a_mapping_takes_the_place_of_a_list_in_a_layer_below_and_a_list_that_of_a_mapping(
    tmp_path: Path, env: str | None
) -> None:
    """As a text or a number does: a user's own settings would else be refused because of a file that is not theirs."""
    below = {"quota": {"per": ["task", "label"], "mix": {"German": 1}}}
    files = _FILES | {f"{env or 'base'}/parameters.yml": below}
    own = {"quota": {"per": {"task": "all"}, "mix": ["German", "Turkish"]}}

    found = _loader(_conf(tmp_path / "conf", files | {"local/parameters.yml": own}), env)["parameters"]

    assert found["quota"] == own["quota"]


def _refused(folder: Path, kind: str, file: str, content: str, **typed: Any) -> str:
    conf = _conf(folder, _FILES)
    conf.joinpath(file).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as it:
        _loader(conf, "openai", **typed)[kind]
    line = str(it.value)
    assert "\n" not in line
    assert file.rpartition("/")[2] in line
    return line


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: {b: '${oc.env:NOT_SET_HERE}'}", "a.b reads the environment variable NOT_SET_HERE, as only credentials"),
        ("a: {b: '${oc.env:HOME}'}", "Next: write the value there, or pass it as --params a.b=..."),
        ("a: {b: ['${other.key}']}", r"a.b\[0\]: Interpolation key 'other.key' not found. Next: fix the"),
        ("a: {b: '${globals:place}'}", "a.b: Globals key 'place' not found"),
        ("a: {b: '${nothing:x}'}", "a.b: Unsupported interpolation type nothing"),
        ("a: {b: '${x'}", "a.b: no viable alternative"),
        ("a: [1", "line 1, column 6, is not YAML: expected ',' or"),
        ("a: 1\na: 2", "line 2, column 1, is not YAML: found duplicate key a"),
        ("- a", "holds a list, and no keys. Next: begin its lines with `key: `"),
        ("a: {~: 3}", "a: Incompatible key type 'NoneType'"),
    ],
)
def test_a_fault_of_a_file_is_one_line_with_the_file_and_the_key(tmp_path: Path, content: str, says: str) -> None:
    for layer in ("base", "local"):
        line = _refused(tmp_path / layer, "parameters", f"{layer}/parameters_own.yml", content)
        assert re.search(says, line), line


def test_a_variable_of_credentials_that_is_not_set_is_named_with_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IS_SET", "x")
    content = "s3: {user: '${oc.env:IS_SET}', other: '${oc.env:NOT_SET_HERE,x}', key: '${oc.env:NOT_SET_HERE}'}"

    line = _refused(tmp_path / "conf", "credentials", "local/credentials.yml", content)

    assert "s3.key reads the environment variable NOT_SET_HERE, which is not set. Next: set it, or give a" in line


def test_a_value_of_credentials_is_not_quoted(tmp_path: Path) -> None:
    for value in ("abc${xyz", "abc${xyz}"):
        line = _refused(tmp_path / value, "credentials", "base/credentials.yml", f"s3: {{key: '{value}'}}")

        assert re.search(r"s3.key: it can't be read|base.credentials.yml: it can't be read", line)
        assert "xyz" not in line.replace(str(tmp_path / value), "")


def test_a_typed_parameter_within_a_list_is_refused_with_the_file(tmp_path: Path) -> None:
    line = _refused(tmp_path / "c", "parameters", "local/parameters.yml", "q: {per: [a]}", q={"per": {"x": 1}})

    assert "--params q.per gives keys with values where" in line
    assert "has a list. Next: set q.per in conf/local/parameters.yml instead" in line


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    conf = _conf(tmp_path / "conf", _FILES)
    conf.joinpath("local", "parameters.yml").write_bytes("a: Größe".encode("latin-1"))

    with pytest.raises(ConfigurationError, match=r"parameters.yml is not UTF-8. Next: save the file as UTF-8"):
        _loader(conf, "openai")["parameters"]


def _weights(tmp_path: Path, content: str, named: str = "@data/languages.csv") -> Any:
    """The parameter `language` of a project with a file of weights."""
    conf = _conf(tmp_path / "conf", {"base/parameters.yml": {"attribute_sampling": {"language": named, "seed": 1}}})
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "languages.csv").write_text(content, encoding="utf-8")
    return _loader(conf)["parameters"]["attribute_sampling"]


def test_a_file_of_weights_stands_for_its_mapping(tmp_path: Path) -> None:
    found = _weights(tmp_path, "\ufefflanguage;weight\nde;3\npt-br;0.5\nLuxembourgish;1\n")
    assert found == {"language": {"German": 3.0, "Portuguese (Brazil)": 0.5, "Luxembourgish": 1.0}, "seed": 1}


def test_a_file_without_weights_is_even_odds(tmp_path: Path) -> None:
    assert _weights(tmp_path, "language\nde\nfr\n")["language"] == {"German": 1.0, "French": 1.0}


def test_each_choice_may_be_a_file(tmp_path: Path) -> None:
    chosen = {
        "num_words": "@data/lengths.csv",
        "extra": {"tone": {"given": "channel", "chat": "@data/tones.csv"}, "handle": "@home", "channel": "chat"},
    }
    conf = _conf(tmp_path / "conf", {"base/parameters.yml": {"attribute_sampling": chosen}})
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lengths.csv").write_text("num_words,weight\n20-40,2\nexactly 1 char,1\n", encoding="utf-8")
    (tmp_path / "data" / "tones.csv").write_text("tone\ncasual\n", encoding="utf-8")
    assert _loader(conf)["parameters"]["attribute_sampling"] == {
        "num_words": {"20 to 40": 2.0, "exactly 1 character": 1.0},
        "extra": {"tone": {"given": "channel", "chat": {"casual": 1.0}}, "handle": "@home", "channel": "chat"},
    }


@pytest.mark.parametrize(
    ("content", "named", "line"),
    [
        ("", "@data/langauges.csv", "language: data/langauges.csv is not a file. Next: name one below the project"),
        ("", "@data/none/x.csv", "data/none/x.csv is not a file"),
        ("x", "@data/languages.txt", "'data/languages.txt' has a suffix that is none of .csv, .parquet"),
        ("", "@data/languages.csv", "lacks the column language"),
        ("language,weight\n", "@data/languages.csv", "names no language. Next: fill the columns language and weight"),
        ("langauge,weight\nde,1\n", "@data/languages.csv", "unknown column 'langauge'; did you mean language?"),
        ("language,weight\nde,1\nfr,lots\n", "@data/languages.csv", "line 3: 'lots' is not a weight. Next: write a"),
        ("language,weight\nde,-1\n", "@data/languages.csv", "line 2: '-1' is not a weight"),
        ("language,weight\nde,nan\n", "@data/languages.csv", "line 2: 'nan' is not a weight"),
        ("language,weight\nGerm,1\n", "@data/languages.csv", "line 2: unknown language 'Germ'; did you mean German"),
        ("language,weight\nde,1\nGerman,2\n", "@data/languages.csv", "has German in the lines 2 and 3. Next: keep one"),
        ("language,weight,language\nde,1,en\n", "@data/languages.csv", "has a column twice. Next: name the columns"),
        ("language,weight\n,1\n", "@data/languages.csv", "line 2 names no language. Next: fill the column language"),
        ("language,weight\nde,1,2\n", "@data/languages.csv", "line 2 has 3 and the header 2 cells"),
    ],
)
def test_a_faulty_file_of_weights_gets_one_line(tmp_path: Path, content: str, named: str, line: str) -> None:
    with pytest.raises(ParameterError, match=r"^[^\n]*$") as caught:
        _weights(tmp_path, content, named)
    assert line in str(caught.value)
