#!/bin/sh
# MLflow's log_table changes the rows that are logged already when it is called again for the same table.
#
# Expected: "if the file already exists, the data is appended to it": rows of an earlier call stay as they are.
# Seen: the file is read by pandas, which guesses types of texts, and is written again. The row id "007" becomes 7, the label
# "2.0" the number 2.0, the text "2024-01-02" in a column `date` a time stamp. Only rows of the last call are as they were given,
# so a column has texts and numbers, and ids are not found again. A table of one call is right. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "mlflow==3.17.2" "pandas==3.1.1"
cat > "$folder/finding.py" <<'PYTHON'
import json
import sys
from importlib.metadata import version

import mlflow

ROWS = [{"row": "007", "label": "2.0", "date": "2024-01-02"}, {"row": "008", "label": "3.0", "date": "2024-01-03"}]
CHANGED = [{"row": 7, "label": 2.0, "date": "2024-01-02T00:00:00.000"}, ROWS[1]]

mlflow.set_tracking_uri(f"sqlite:///{sys.argv[1]}/runs.db")
mlflow.create_experiment("rows", artifact_location=f"{sys.argv[1]}/artifacts")
mlflow.set_experiment("rows")


def logged(run):
    file = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="rows.json")
    with open(file) as opened:
        table = json.load(opened)
    return [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]


print("mlflow", version("mlflow"), "pandas", version("pandas"))
seen = []
with mlflow.start_run() as run:
    for row in ROWS:
        mlflow.log_table({name: [value] for name, value in row.items()}, "rows.json")
        seen.append(logged(run))
        print(f"after call {len(seen)}:", *seen[-1], sep="\n    ")
raise SystemExit(seen != [ROWS[:1], CHANGED])
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/finding.py" "$folder" 2>/dev/null
