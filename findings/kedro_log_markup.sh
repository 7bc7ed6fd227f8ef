#!/bin/sh
# Kedro's log handler takes text in square brackets for a style of rich, in every library's log lines: it is not shown.
#
# Expected: a log line shows its message, whatever the message holds, as every handler of the standard library does.
# Seen: "label [refund] of 3" is shown as "label  of 3": rich's own handler shows it, Kedro's turns markup on.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "kedro==1.7.0" "rich==14.2.0"
cat > "$folder/finding.py" <<'PYTHON'
import io
import logging
from importlib.metadata import version

from kedro.logging import RichHandler
from rich.console import Console
from rich.logging import RichHandler as OwnOfRich


def shown_by(kind):
    stream = io.StringIO()
    handler = kind(console=Console(file=stream, width=100), show_time=False, show_path=False)
    logger = logging.Logger("any.library")
    logger.addHandler(handler)
    logger.warning("label %s of %d", "[refund]", 3)
    return " ".join(stream.getvalue().split())


print("kedro", version("kedro"), "rich", version("rich"))
seen = {kind.__module__: shown_by(kind) for kind in (OwnOfRich, RichHandler)}
for module, line in seen.items():
    print(f"{module:14} {line}")
raise SystemExit(seen != {"rich.logging": "WARNING label [refund] of 3", "kedro.logging": "WARNING label of 3"})
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
