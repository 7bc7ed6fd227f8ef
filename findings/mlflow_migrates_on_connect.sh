#!/bin/sh
# An MLflow client that only looks at a SQLite store of an older MLflow migrates it: without a word, and for good.
#
# Expected: what its error message says elsewhere, "Detected out-of-date database schema ... run 'mlflow db upgrade'",
# since migrations are not transactional and a backup is advised before them.
# Seen: a client of 3.17.2 that lists experiments moves a store of 3.9.0 to its own schema, and 3.9.0 is locked out of it.
# The message appears only where no table is missing.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for release in 3.9.0 3.17.2; do
  python3 -m venv "$folder/$release"
  "$folder/$release/bin/pip" install --quiet --disable-pip-version-check \
    "mlflow-skinny==$release" "sqlalchemy==2.1.9" "alembic==1.20.1" "pandas==3.1.1"
done
cat > "$folder/look.py" <<'PYTHON'
import logging
import os
import sqlite3
import sys
import warnings

warnings.simplefilter("ignore")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
logging.disable(logging.CRITICAL)

import mlflow

file, expected = sys.argv[1:]
try:
    mlflow.MlflowClient(tracking_uri=f"sqlite:///{file}").search_experiments()
    seen = "opened"
except mlflow.exceptions.MlflowException as error:
    seen = "refused"
    print(str(error)[:120])
(version,) = sqlite3.connect(file).execute("SELECT version_num FROM alembic_version").fetchone()
print("mlflow", mlflow.__version__, seen, "schema", version)
sys.exit(seen != expected)
PYTHON
"$folder/3.9.0/bin/python" "$folder/look.py" "$folder/mlflow.db" opened
"$folder/3.17.2/bin/python" "$folder/look.py" "$folder/mlflow.db" opened
"$folder/3.9.0/bin/python" "$folder/look.py" "$folder/mlflow.db" refused
