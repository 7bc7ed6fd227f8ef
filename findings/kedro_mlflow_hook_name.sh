#!/bin/sh
# kedro-mlflow 2.0.3 can't be switched off under the name by which it is installed.
#
# Expected: DISABLE_HOOKS_FOR_PLUGINS = ("kedro-mlflow",) keeps its hook out, as ("kedro-telemetry",) does for that plugin.
# Seen: Kedro compares the name in the package's metadata letter by letter, and there it is kedro_mlflow. The hook stays,
# and nothing says that the setting named no plugin.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "kedro==1.7.0" "kedro-datasets==9.6.0" "kedro-mlflow==2.0.3" "mlflow==3.17.2"
cat > "$folder/finding.py" <<'PYTHON'
import logging
import os
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"

from kedro.framework.hooks.manager import _create_hook_manager, _register_hooks_entry_points

logging.disable(logging.CRITICAL)
print("kedro", version("kedro"), "kedro-mlflow", version("kedro-mlflow"))
stays = {}
for name in ("kedro-mlflow", "kedro_mlflow"):
    manager = _create_hook_manager()
    _register_hooks_entry_points(manager, (name,))
    stays[name] = any(type(plugin).__name__ == "MlflowHook" for plugin in manager.get_plugins())
    print(f"DISABLE_HOOKS_FOR_PLUGINS = ({name!r},): the hook is {'registered' if stays[name] else 'left out'}")
raise SystemExit(0 if stays == {"kedro-mlflow": True, "kedro_mlflow": False} else 1)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
