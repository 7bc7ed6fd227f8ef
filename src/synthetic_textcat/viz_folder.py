"""Kedro-Viz static build, made self-contained: without fonts from another host, and with a file that it misses."""

import json
import re
import sys
from pathlib import Path

_FOREIGN_LINK = re.compile(r"<link\b[^>]*\bhref=\"https?://[^>]*>\s*")
_HEAD = "<head>"
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; worker-src 'self' blob:"
)
_META = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}" />'
_METADATA = {
    "has_missing_dependencies": False,
    "package_compatibilities": [{"package_name": "fsspec", "package_version": "", "is_compatible": False}],
}
"""The answer of Kedro-Viz's server, without the share button, which needs the server."""


def make_self_contained(folder: Path) -> None:
    """Removes links to other hosts, forbids them by a content security policy, and adds the missing answer.

    Args:
        folder: The output of `kedro viz build`.
    """
    index = folder / "index.html"
    page = _FOREIGN_LINK.sub("", index.read_text(encoding="utf-8"))
    index.write_text(page.replace(_HEAD, f"{_HEAD}\n{_META}", 1), encoding="utf-8")
    folder.joinpath("api", "metadata").write_text(json.dumps(_METADATA), encoding="utf-8")


if __name__ == "__main__":
    make_self_contained(Path(sys.argv[1]))
