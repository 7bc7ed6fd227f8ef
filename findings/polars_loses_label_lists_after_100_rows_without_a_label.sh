#!/bin/sh
# polars reads label lists of JSON Lines as lists of nulls if the first 100 rows have no label.
#
# Expected: an error, as for a column of texts whose first 100 values are null, or the labels: `[]` has no type to infer.
# Seen: the type of the items is inferred as "null" from the first 100 rows, and every later label becomes a null: the lists
# keep their lengths and lose their labels. No error, no warning. Files that are sorted by labels, or of rows of no label
# first, are such files. A schema for the column, or infer_schema_length=None, reads them. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "polars==2.1.0"
cat > "$folder/finding.py" <<'PYTHON'
import io
import json
from importlib.metadata import version

import polars as pl

LABELLED = {"text": "Two parcels, one invoice.", "labels": ["Billing", "Shipping"]}


def last_labels(rows, **settings):
    lines = [{"text": f"Text {row}.", "labels": []} for row in range(rows)] + [LABELLED]
    file = io.StringIO("".join(json.dumps(line) + "\n" for line in lines))
    return pl.read_ndjson(file, **settings)["labels"][-1].to_list()


print("polars", version("polars"))
seen = {
    "99 rows of no label before it": last_labels(99),
    "100 rows of no label before it": last_labels(100),
    "100 rows, with infer_schema_length=None": last_labels(100, infer_schema_length=None),
    "100 rows, with a schema for the labels": last_labels(100, schema_overrides={"labels": pl.List(pl.String)}),
}
for case, labels in seen.items():
    print(f"{case:40} {labels}")
try:
    print(pl.read_ndjson(io.StringIO('{"label": null}\n' * 100 + '{"label": "Billing"}\n')))
    refused = False
except pl.exceptions.ComputeError as error:
    print("texts after 100 nulls:", error)
    refused = True
right = LABELLED["labels"]
raise SystemExit(list(seen.values()) != [right, [None, None], right, right] or not refused)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
