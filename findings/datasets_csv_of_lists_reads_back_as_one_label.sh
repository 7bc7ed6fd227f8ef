#!/bin/sh
# datasets writes a list of labels to CSV in a form that Python reads back, without an error, as a single other label.
#
# Expected: Dataset.to_csv writes a list as pandas does, ['Billing', 'Shipping'], which ast.literal_eval reads back; or
# refuses.
# Seen: the cell is ['Billing' 'Shipping'], the form of a NumPy array: no comma. In Python adjacent texts are one, so
# literal_eval gives ['BillingShipping'], and rows of one label are right. Of a list of 1,001 numbers the middle is left out.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "datasets==5.2.0" "pandas==3.1.1" "pyarrow==25.0.1"
cat > "$folder/finding.py" <<'PYTHON'
import ast
import sys
from importlib.metadata import version

import pandas as pd
from datasets import Dataset, disable_progress_bars

disable_progress_bars()
LABELS = [["Billing"], ["Billing", "Shipping"], []]
path = f"{sys.argv[1]}/rows.csv"
Dataset.from_dict({"text": ["a", "b", "c"], "labels": LABELS}).to_csv(path)
cells = pd.read_csv(path)["labels"].tolist()
back = [ast.literal_eval(cell) for cell in cells]
Dataset.from_dict({"multi_hot": [[0] * 1001]}).to_csv(path)
(long,) = pd.read_csv(path)["multi_hot"]
print("datasets", version("datasets"), "pandas", version("pandas"))
for row in zip(LABELS, cells, back, strict=True):
    print("labels {}  cell {}  read back {}".format(*row))
print("1,001 numbers:", long)
raise SystemExit(back != [["Billing"], ["BillingShipping"], []] or "..." not in long)
PYTHON
HF_HUB_OFFLINE=1 HF_HOME="$folder/home" "$folder/venv/bin/python" "$folder/finding.py" "$folder"
