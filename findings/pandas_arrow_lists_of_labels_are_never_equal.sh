#!/bin/sh
# pandas says of no two lists that they are equal if their columns are Arrow's, not even of a column and itself.
#
# Expected: == gives True where two rows have the same list, as with columns of Python lists, or raises, as value_counts, isin and
# unique do for these columns; and missing values stay missing, as in other Arrow columns.
# Seen: pyarrow can't compare lists, and pandas then answers False for every row, and True for every row of !=. The agreement of
# two annotators, (a == b).mean(), is 0.0 where they agree on all texts, while a.equals(b) is True. No warning. A file that is
# read with dtype_backend="pyarrow" has such columns. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pandas==3.1.1" "pyarrow==26.0.1"
cat > "$folder/finding.py" <<'PYTHON'
import sys
from importlib.metadata import version

import pandas as pd

LABELS = [["Billing"], ["Billing", "Shipping"], [], ["Shipping"]]
file = f"{sys.argv[1]}/rows.parquet"
lists = pd.DataFrame({"first": LABELS, "second": [list(labels) for labels in LABELS]})
lists.to_parquet(file)
arrow = pd.read_parquet(file, dtype_backend="pyarrow")

print("pandas", version("pandas"), "pyarrow", version("pyarrow"))
seen = {}
for name, rows in (("Python lists", lists), ("Arrow lists", arrow)):
    equal, unequal = rows["first"] == rows["second"], rows["first"] != rows["second"]
    seen[name] = equal.tolist(), unequal.tolist(), rows["first"].equals(rows["second"])
    print(f"{name:12} of type {rows['first'].dtype}")
    print(f"    == {equal.tolist()}, agreement {equal.mean()}; != {unequal.tolist()}; equals() {seen[name][2]}")
itself = (arrow["first"] == arrow["first"]).tolist()
print("Arrow lists == the same column:", itself)
expected = {"Python lists": ([True] * 4, [False] * 4, True), "Arrow lists": ([False] * 4, [True] * 4, True)}
raise SystemExit(seen != expected or itself != [False] * 4)
PYTHON
"$folder/venv/bin/python" -W error "$folder/finding.py" "$folder"
