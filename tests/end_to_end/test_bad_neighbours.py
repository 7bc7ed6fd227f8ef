"""What else is installed: a plugin with hooks of its own for MLflow, and an MLflow that can't be imported."""

from pathlib import Path

import pytest

from tests.support.project import PYTHONPATH, TRACKED, Project

_PREVIEW = ("--pipelines", "preview", "--params", "attribute_sampling.num_examples=5")


def _install(folder: Path, modules: dict[str, str], **distributions: str) -> dict[str, str]:
    """Puts modules where Python finds them first, and distributions whose hooks Kedro finds; what to export."""
    for name, code in modules.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(code, encoding="utf-8")
    for name, entry_point in distributions.items():
        info = folder / f"{name}-2.0.3.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0.3\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[kedro.hooks]\nhook = {entry_point}\n", encoding="utf-8")
    return {"PYTHONPATH": f"{folder}:{PYTHONPATH}"}


def test_kedro_mlflow_has_no_say_in_this_project(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    code = (
        "from kedro.framework.hooks import hook_impl\n\n\n"
        "class Hook:\n"
        "    @hook_impl\n"
        "    def after_context_created(self, context):\n"
        "        raise RuntimeError('the hook of another plugin was called')\n\n\n"
        "hook = Hook()\n"
    )
    env = _install(tmp_path_factory.mktemp("site"), {"other_hook.py": code}, kedro_mlflow="other_hook:hook")
    done = project.run(*_PREVIEW, **env)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("error", ["ImportError('libx.so: no such file')", "TypeError('descriptors')"])
def test_an_mlflow_that_can_not_be_imported_costs_one_line(
    project: Project, tmp_path_factory: pytest.TempPathFactory, error: str
) -> None:
    env = _install(tmp_path_factory.mktemp("site"), {"mlflow/__init__.py": f"raise {error}\n"})
    done = project.run(*_PREVIEW, **env, **TRACKED, COLUMNS="1000")
    shown = done.stdout + done.stderr

    assert done.returncode == 0, shown
    assert shown.count("MLflow did not record this run in mlflow.db: ") == 1
    assert "Next: " in shown
    assert "Traceback" not in shown
    assert project.path("data/03_primary/prompt_preview.md").exists()
