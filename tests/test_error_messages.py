"""What the command prints: one line for what a user can fix, nothing of ours for a bug."""

from pathlib import Path

import pytest
import yaml
from kedro.config import MissingConfigException, OmegaConfigLoader
from kedro.io import DatasetError
from kedro_datasets.yaml import YAMLDataset

from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.errors import JournalError, TextcatError


def _line_of_loading(path: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        YAMLDataset(filepath=str(path)).load()
    line = format_user_error(caught.value)
    assert line is not None
    assert "\n" not in line
    return line


def test_an_error_of_ours_is_its_own_text() -> None:
    assert format_user_error(TextcatError("Mend this. Next: do that")) == "Mend this. Next: do that"


def test_an_error_of_ours_is_found_under_what_wraps_it() -> None:
    wrapper, middle = DatasetError("Failed while saving data"), RuntimeError("in between")
    wrapper.__cause__, middle.__context__ = middle, JournalError("the journal is torn")
    assert format_user_error(wrapper) == "the journal is torn"


def test_no_key_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abc123")
    assert format_user_error(TextcatError("the key sk-abc123 is wrong")) == "the key *** is wrong"
    assert format_user_error(DatasetError("the key sk-abc123 is wrong")) == "the key *** is wrong"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    line = _line_of_loading(tmp_path / "tasks.yml")
    assert str(tmp_path / "tasks.yml") in line
    assert "missing" in line


def test_a_missing_file_is_named_as_seen_from_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert _line_of_loading(tmp_path / "data" / "tasks.yml").startswith("data/tasks.yml is missing")


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    from kedro_datasets.pandas import ParquetDataset  # here, since it imports SQLAlchemy

    with pytest.raises(DatasetError) as caught:
        ParquetDataset(filepath=str(tmp_path / "requests.parquet")).load()
    assert str(tmp_path / "requests.parquet") in (format_user_error(caught.value) or "")


def test_a_file_that_is_not_yaml_is_named_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "tasks.yml"
    path.write_text("- task: one\n- task: [two\n", encoding="utf-8")
    line = _line_of_loading(path)
    assert "tasks.yml, line 3, column 1" in line
    assert "is not YAML" in line


def test_yaml_without_a_place_is_still_one_line() -> None:
    assert (format_user_error(yaml.MarkedYAMLError(problem="it is odd")) or "").startswith(
        "A file is not YAML: it is odd"
    )


def test_a_file_without_rights_is_named() -> None:
    error = PermissionError(13, "Permission denied", "/data/tasks.yml")
    line = format_user_error(error)
    assert line is not None
    assert line.startswith("/data/tasks.yml can't be opened: permission denied")


def test_kedros_own_errors_come_in_one_bounded_line() -> None:
    line = format_user_error(DatasetError("Failed\nwhile  loading " + "x" * 1000))
    assert line is not None
    assert line.startswith("Failed while loading xxx")
    assert len(line) <= 400


def test_an_environment_without_a_folder_is_named_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    with pytest.raises(MissingConfigException) as caught:
        OmegaConfigLoader(str(tmp_path), env="nope", base_env="base")["parameters"]

    line = format_user_error(caught.value) or ""
    assert f"{tmp_path}/nope. Next: name a folder that is there by --env" in line


def test_an_unknown_pipeline_is_one_line() -> None:
    assert (
        format_user_error(ValueError("Failed to find the pipeline named 'x'."))
        == "Failed to find the pipeline named 'x'."
    )


def test_a_bug_keeps_its_traceback() -> None:
    assert format_user_error(KeyError("request_id")) is None
    assert format_user_error(ZeroDivisionError()) is None
