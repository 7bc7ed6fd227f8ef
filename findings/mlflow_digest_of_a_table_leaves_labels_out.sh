#!/bin/sh
# The digest by which MLflow tells data sets apart does not see label lists, truth values, or labels of which one is missing.
#
# Expected: mlflow.data.from_pandas gives two tables with other labels another digest: runs are compared by it, and rows that
# were relabelled are other data.
# Seen: a column of lists (several labels a text), of truth values, or of texts with a single missing value is left out of it.
# Relabelled tables have the digest of before, so runs on other labels pass for runs on the same data. Columns of texts
# without a gap, and of categories, count. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "mlflow==3.17.2" "pandas==3.1.1" "pyarrow==25.0.1"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

import mlflow
import pandas as pd

TEXTS = ["The invoice is wrong.", "The parcel is late.", "Hello."]
PAIRS = {
    "texts": (["Billing", "Shipping", "Other"], ["Shipping", "Billing", "Other"]),
    "categories": tuple(pd.Categorical(labels) for labels in (["Billing", "Shipping", "Other"], ["Shipping", "Billing", "Other"])),
    "texts, one missing": (["Billing", "Shipping", None], ["Shipping", "Billing", None]),
    "lists of texts": ([["Billing"], ["Shipping", "Billing"], []], [["Shipping"], [], ["Billing"]]),
    "truth values": ([True, False, False], [False, True, True]),
}


def digest(labels):
    return mlflow.data.from_pandas(pd.DataFrame({"text": TEXTS, "label": labels})).digest


print("mlflow", version("mlflow"), "pandas", version("pandas"))
equal = set()
for kind, (before, after) in PAIRS.items():
    first, second = digest(before), digest(after)
    print(f"{kind:19} {first} {second}", "equal, although the labels differ" if first == second else "")
    if first == second:
        equal.add(kind)
raise SystemExit(equal != {"texts, one missing", "lists of texts", "truth values"})
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/finding.py" 2>/dev/null
