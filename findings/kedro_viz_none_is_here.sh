#!/bin/sh
# Kedro-Viz 12.5.0: without an answer from PyPI, its page announces a version "None".
#
# Expected: with no network, Kedro-Viz does not know a newer version, and says nothing about one.
# Seen: the answer to the page is {"is_outdated": true, "latest": "None"}, so the banner reads "Kedro-Viz None is here!":
# the versions are compared as texts, and "12.5.0" is before "None". As texts, 12.5.0 is not older than 12.10.0 either.
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
os.environ.update({"DO_NOT_TRACK": "true", "HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"})

from kedro_viz.api.rest.responses.version import get_version_response
from kedro_viz.integrations.pypi import is_running_outdated_version

print("kedro-viz", version("kedro-viz"))
answer = get_version_response()
print("without PyPI:", answer.model_dump())
as_texts = is_running_outdated_version("12.5.0", "12.10.0")
print("12.5.0 is older than 12.10.0, as the page is told:", as_texts)
raise SystemExit(0 if answer.is_outdated and answer.latest == "None" and not as_texts else 1)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
