#!/bin/sh
# json-repair gives one row or all rows of a reply in JSON Lines, depending on how many labels the rows have.
#
# Expected: a reply of several objects gives all of them, as a list, or the first, or an error.
# Seen: an object replaces the one before it if both have the same form, and the form includes the lengths of lists. Three
# rows of one label each are one row, the last; if the second has two labels, they are three; so a model that writes rows line
# by line loses most of them, and which ones depends on the labels. Only strict=True says so, by an error. Exits with 1 if
# that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "json-repair==0.64.6"
cat > "$folder/finding.py" <<'PYTHON'
import json
from importlib.metadata import version

import json_repair


def rows_of(*label_lists):
    lines = [{"text": f"Text {row}.", "labels": labels} for row, labels in enumerate(label_lists)]
    value = json_repair.loads("\n".join(json.dumps(line) for line in lines))
    return [row["text"] for row in (value if isinstance(value, list) else [value])]


print("json-repair", version("json-repair"))
seen = {
    "one label each": rows_of(["Billing"], ["Shipping"], ["Returns"]),
    "one, two, one labels": rows_of(["Billing"], ["Billing", "Shipping"], ["Returns"]),
    "one, one, two labels": rows_of(["Billing"], ["Shipping"], ["Billing", "Returns"]),
}
for case, texts in seen.items():
    print(f"three rows, {case:22} {texts}")
print("with strict=True:", end=" ")
try:
    print(json_repair.loads('{"text": "a"}\n{"text": "b"}', strict=True))
except ValueError as error:
    print(error)
raise SystemExit([len(texts) for texts in seen.values()] != [1, 3, 2])
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
