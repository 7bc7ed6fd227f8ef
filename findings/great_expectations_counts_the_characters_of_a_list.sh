#!/bin/sh
# Great Expectations takes the number of characters of a list's text for its length.
#
# Expected: ExpectColumnValueLengthsToBeBetween, documented for strings, refuses a column of lists, as other expectations raise an
# error for it; or it counts the items, as pandas' str.len() does.
# Seen: the values are made texts first, so the empty list has the length 2, the brackets. "At least one label" holds for rows
# without a label, and "at most three labels" fails for a row of one. No warning. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "great-expectations==1.24.1"
cat > "$folder/finding.py" <<'PYTHON'
import logging
from importlib.metadata import version

import great_expectations as gx
import pandas as pd
from great_expectations.expectations import ExpectColumnValueLengthsToBeBetween

logging.disable(logging.CRITICAL)
LABELS = [[], ["A"], ["Billing", "Shipping"]]
# Lower and upper bound, and the rows that are named as wrong.
SEEN = [(1, None, []), (None, 3, LABELS[1:]), (2, 2, LABELS[1:])]

context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
frame = pd.DataFrame({"labels": LABELS})
batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})

print("great-expectations", version("great-expectations"), "pandas", version("pandas"))
print("rows:", LABELS, "lengths by pandas:", frame["labels"].str.len().tolist())
same = True
for least, most, wrong in SEEN:
    result = batch.validate(ExpectColumnValueLengthsToBeBetween(column="labels", min_value=least, max_value=most))
    unexpected = result.result["partial_unexpected_list"]
    print(f"between {least} and {most}: success {result.success}, unexpected {unexpected}")
    same = same and unexpected == wrong
raise SystemExit(not same)
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/finding.py" 2>/dev/null
