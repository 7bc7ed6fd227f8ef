"""Secrets of Kedro's configuration are known before anything is said."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from kedro.config import OmegaConfigLoader
from kedro.framework.context import KedroContext

from synthetic_textcat.hooks import LearnSecrets
from synthetic_textcat.redaction import redact


def _context(conf: Path) -> KedroContext:
    loader = OmegaConfigLoader(str(conf), base_env="base", default_run_env="base")
    return cast("KedroContext", SimpleNamespace(config_loader=loader))


def test_credentials_catalog_and_command_line_are_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["kedro", "run", "--params", "tracking.token=hook-typed-1"])
    (tmp_path / "base").mkdir()
    credentials: dict[str, Any] = {"bucket": {"key": "hook-key-1", "client_kwargs": {"region_name": "hook-region"}}}
    (tmp_path / "base" / "credentials.yml").write_text(yaml.safe_dump(credentials), encoding="utf-8")
    hook = LearnSecrets()
    hook.after_context_created(_context(tmp_path))
    catalog = {
        "rows": {"filepath": "https://me:hook-word-1@host/x", "storage_options": {"headers": {"A": "hook-head-1"}}}
    }
    hook.after_catalog_created(catalog, {"other": "hook-other-1"})
    told = "hook-typed-1 hook-key-1 hook-region hook-word-1 hook-head-1 hook-other-1"
    assert redact(told) == "*** *** hook-region *** *** ***"


def test_a_project_without_credentials_has_none(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    LearnSecrets().after_context_created(_context(tmp_path))
