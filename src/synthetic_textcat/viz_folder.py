"""Mends what `kedro viz build` writes: as a static page it asks another host for fonts, and misses a file."""

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
"""What Kedro-Viz's server answers, less its share button: that one needs the server."""


def mend(folder: Path) -> None:
    """Takes links to other hosts out of the page, has the browser allow none, and adds the answer that is missing.

    Args:
        folder: What `kedro viz build` wrote.
    """
    index = folder / "index.html"
    page = _FOREIGN_LINK.sub("", index.read_text(encoding="utf-8"))
    index.write_text(page.replace(_HEAD, f"{_HEAD}\n{_META}", 1), encoding="utf-8")
    folder.joinpath("api", "metadata").write_text(json.dumps(_METADATA), encoding="utf-8")


if __name__ == "__main__":
    mend(Path(sys.argv[1]))
