"""Fixes of the folder that Kedro-Viz builds."""

import json
import re
from pathlib import Path

import pytest

from synthetic_textcat.viz_folder import make_self_contained

_PAGE = """<!DOCTYPE html>
<head>
<link rel="shortcut icon" href="./favicon.ico" />
<link rel="preconnect" href="https://fonts.gstatic.com" crossorigin />
<link
  href="https://fonts.googleapis.com/css2?family=Inter:wght@400;600&display=swap"
  rel="stylesheet"
/>
<link rel="stylesheet" crossorigin href="./assets/index.css">
</head>
"""


def test_no_link_leads_to_another_host_and_the_browser_allows_none(tmp_path: Path) -> None:
    tmp_path.joinpath("api").mkdir()
    tmp_path.joinpath("index.html").write_text(_PAGE, encoding="utf-8")
    make_self_contained(tmp_path)
    page = tmp_path.joinpath("index.html").read_text(encoding="utf-8")
    assert re.findall(r'href="([^"]*)"', page) == ["./favicon.ico", "./assets/index.css"]
    assert "default-src 'self'" in page
    assert json.loads(tmp_path.joinpath("api", "metadata").read_text(encoding="utf-8"))["package_compatibilities"]


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make_self_contained(tmp_path)
