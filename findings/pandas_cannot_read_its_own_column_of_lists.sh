#!/bin/sh
# pandas writes a column of Arrow's list type to Parquet, and then can't read the file; pyarrow's own table can.
#
# Expected: a frame whose column has the dtype pd.ArrowDtype(pa.list_(pa.string())) is equal after to_parquet and
# read_parquet, as columns of Arrow's other types are, and as a column of Python lists is readable. (Wanted for the
# label sets of rows.)
# Seen: the file's metadata name the dtype "list<item: string>[pyarrow]", which pandas itself does not understand:
# TypeError at each read, of that column or of all, unless the metadata are left out. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pandas==3.1.1" "pyarrow==25.0.1"
cat > "$folder/finding.py" <<'PYTHON'
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

path = sys.argv[1]


def read_back(dtype):
    frame = pd.DataFrame({"value": pd.Series([["a", "b"], []] if dtype is LISTS or dtype is None else ["a", "b"])})
    frame = frame if dtype is None else frame.astype({"value": dtype})
    frame.to_parquet(path)
    try:
        return str(pd.read_parquet(path)["value"].dtype)
    except TypeError as error:
        return f"TypeError: {error}"


LISTS = pd.ArrowDtype(pa.list_(pa.string()))
found = {
    "Python lists": read_back(None),
    "Arrow texts": read_back(pd.ArrowDtype(pa.string())),
    "Arrow lists": read_back(LISTS),
    "Arrow lists, no metadata": str(pq.read_table(path).replace_schema_metadata(None).to_pandas()["value"].dtype),
}
print("pandas", pd.__version__, "pyarrow", pa.__version__)
for name, value in found.items():
    print(f"{name:26} {value}")
raise SystemExit(
    not (
        found["Python lists"] == "object"
        and found["Arrow texts"].startswith("string")
        and "not understood" in found["Arrow lists"]
        and found["Arrow lists, no metadata"] == "object"
    )
)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py" "$folder/lists.parquet"
