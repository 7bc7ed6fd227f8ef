"""What is said of a run that was made with another model, environment, code or other packages."""

import importlib.metadata
from pathlib import Path

from synthetic_textcat.hooks.rebuild import differences
from synthetic_textcat.hooks.tracking.run_artifacts import EarlierRun

_MODEL = {"llm": {"model": "a"}}


def _run(folder: Path, constraints: str, **tags: str) -> EarlierRun:
    (folder / "constraints.txt").write_text(constraints, encoding="utf-8")
    named = {name.replace("__", "."): value for name, value in tags.items()}
    return EarlierRun(run_id="0", name="before", status="FINISHED", tags={"env": "local", **named}, folder=folder)


def test_a_run_under_the_same_versions_differs_in_nothing(tmp_path: Path) -> None:
    pandas = importlib.metadata.version("pandas")
    run = _run(tmp_path, f"pandas=={pandas}\nno-such-package==1.0\n", mlflow__source__git__commit="abcdef0123")

    assert list(differences(run, _MODEL, _MODEL, {"env": "local"})) == []


def test_each_difference_is_told_then_and_now(tmp_path: Path) -> None:
    constraints = "pandas==0.1\nnumpy==0.1 ; python_version < '3'\nkedro==1.0\n# a comment\n-e .\npydantic>=1\n"
    run = _run(tmp_path, constraints, version__kedro="0.2", mlflow__source__git__commit="a" * 40)
    now = {"env": "openai", "mlflow.source.git.commit": "b" * 40}

    said = list(differences(run, _MODEL, {"llm": {"model": "b"}}, now))

    assert said[:3] == ["model a (now b)", "--env local (now openai)", "code aaaaaaa (now bbbbbbb)"]
    assert [each.partition(" (now")[0] for each in said[3:]] == ["kedro 0.2", "pandas 0.1"]


def test_of_many_packages_only_some_are_named(tmp_path: Path) -> None:
    names = ("click", "kedro", "mlflow", "numpy", "pandas", "pydantic", "rich")
    run = _run(tmp_path, "".join(f"{name}==0.0.1\n" for name in names))

    said = list(differences(run, _MODEL, _MODEL, {"env": "local"}))

    assert len(said) == 6
    assert said[-1] == "2 more packages"
