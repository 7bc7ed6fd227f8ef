#!/bin/sh
# DuckDB gives labels in quotation marks if the first 20,480 rows of JSON Lines have no label.
#
# Expected: a list that is empty in all rows of the sample has the type of the labels that follow, or reading ends with an error,
# as it does for a field that the sample doesn't have.
# Seen: its items are of the type JSON, so the label Billing is the text "Billing", quotation marks included, in pandas, in polars
# and in a cast to VARCHAR[]. Counts by label look right, and no label equals that of another file. One row with a label among
# the first 20,480, `columns` or sample_size=-1 read the labels. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    "duckdb==2.0.1" "pandas==3.1.1" "polars==2.1.0" "pyarrow==26.0.1"
cat > "$folder/finding.py" <<'PYTHON'
import json
import sys
from importlib.metadata import version

import duckdb

LABELS = ["Billing", "Shipping"]
QUOTED = ['"Billing"', '"Shipping"']


def last_labels(rows, settings=""):
    """Labels of the last row, as pandas, polars and a cast have them, where this many rows without a label are before it."""
    file = f"{sys.argv[1]}/rows.jsonl"
    with open(file, "w") as opened:
        for row in range(rows):
            opened.write(json.dumps({"row": row, "labels": []}) + "\n")
        opened.write(json.dumps({"row": rows, "labels": LABELS}) + "\n")
    last = f"FROM read_json('{file}'{settings}) WHERE row = {rows}"
    own = duckdb.sql(f"SELECT labels {last}")
    cast = duckdb.sql(f"SELECT labels::VARCHAR[] {last}").fetchall()[0][0]
    return list(own.df()["labels"][0]), own.pl()["labels"][0].to_list(), cast


print("duckdb", version("duckdb"), "pandas", version("pandas"), "polars", version("polars"))
same = True
for rows, settings, expected in (
    (20479, "", LABELS),
    (20480, "", QUOTED),
    (20480, ", sample_size=-1", LABELS),
    (20480, ", columns={row: 'INTEGER', labels: 'VARCHAR[]'}", LABELS),
):
    seen = last_labels(rows, settings)
    print(f"{rows} rows of no label before it{settings}:", *seen)
    same = same and seen == (expected,) * 3
raise SystemExit(not same)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py" "$folder"
