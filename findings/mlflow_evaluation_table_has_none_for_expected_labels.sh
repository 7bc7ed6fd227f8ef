#!/bin/sh
# The table of MLflow's evaluation has None for expected labels that are a list, and the list for predicted ones.
#
# Expected: result_df has what was given: columns of expectations ("labels/value") and of feedback ("found/value") hold lists as
# they hold texts, and the scorers, who get both, agree with it.
# Seen: an expectation that is a list or a dictionary is stored as JSON under another name, which the table does not look for. The
# column is there and is None in each row, so no prediction equals what was expected, while the scorer in the same table says
# True, and rows look as if nobody had labelled them. No warning. The trace has the labels. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "mlflow==3.17.2" "pandas==3.1.1"
cat > "$folder/finding.py" <<'PYTHON'
import contextlib
import io
import sys
from importlib.metadata import version

import mlflow
from mlflow.entities import Feedback
from mlflow.genai.scorers import scorer

ROWS = {"An invoice.": ["Billing"], "An invoice and a parcel.": ["Billing", "Shipping"]}


@scorer
def found(outputs):
    return Feedback(value=outputs)


@scorer
def exact(outputs, expectations):
    return outputs == expectations["labels"]


mlflow.set_tracking_uri(f"sqlite:///{sys.argv[1]}/runs.db")
mlflow.create_experiment("rows", artifact_location=f"{sys.argv[1]}/artifacts")
mlflow.set_experiment("rows")
rows = [{"inputs": {"text": text}, "expectations": {"labels": labels, "first": labels[0]}} for text, labels in ROWS.items()]
with contextlib.redirect_stdout(io.StringIO()):
    result = mlflow.genai.evaluate(data=rows, predict_fn=lambda text: ROWS[text], scorers=[found, exact])
table = result.result_df
traces = mlflow.search_traces(return_type="list")
stored = sorted(each.value for trace in traces for each in trace.info.assessments if each.name == "labels")

print("mlflow", version("mlflow"))
print("given  ", list(ROWS.values()))
seen = {}
for column in ("first/value", "found/value", "labels/value", "exact/value"):
    seen[column] = table[column].tolist()
    print(f"{column:13} {seen[column]}")
print("in the traces", stored)
right = sorted(ROWS.values())
same = sorted(seen["found/value"]) == right and stored == right and seen["exact/value"] == [True, True]
raise SystemExit(not (same and seen["labels/value"] == [None, None] and seen["first/value"] == ["Billing"] * 2))
PYTHON
MLFLOW_DISABLE_TELEMETRY=true "$folder/venv/bin/python" -W ignore "$folder/finding.py" "$folder" 2>/dev/null
