#!/bin/sh
# Kedro 1.7.0: `kedro catalog` and Kedro-Viz 12.5.0 can't be given another configuration folder.
#
# Expected: a project that `kedro run --conf-source=FOLDER` runs can be looked at with the same option: the help of run,
# catalog and viz names it.
# Seen: only `kedro run` (and `kedro server start`) has it. `kedro catalog resolve-patterns` and `kedro viz run` always
# read settings.CONF_SOURCE, and know --env and, in Kedro-Viz, --params alone.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "kedro==1.7.0" "kedro-viz==12.5.0"
cat > "$folder/finding.py" <<'PYTHON'
import os
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
os.environ["DO_NOT_TRACK"] = "true"

from kedro.framework.cli.catalog import catalog
from kedro.framework.cli.project import run
from kedro_viz.launchers.cli.build import build
from kedro_viz.launchers.cli.run import run as viz_run

print("kedro", version("kedro"), "kedro-viz", version("kedro-viz"))
commands = {"kedro run": run, "kedro viz run": viz_run, "kedro viz build": build}
commands |= {f"kedro catalog {name}": command for name, command in catalog.commands.items()}
takes = {name: any("--conf-source" in option.opts for option in command.params) for name, command in commands.items()}
for name, has in takes.items():
    print(f"{name}: {'has' if has else 'lacks'} --conf-source")
raise SystemExit(0 if [name for name, has in takes.items() if has] == ["kedro run"] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
