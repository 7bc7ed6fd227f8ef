#!/bin/sh
# datasets takes a text that is none of the label names for another label, if it is a number.
#
# Expected: with ClassLabel(names=["1", "2", "3", "4", "5"]) the label "0" is an error, as the label "none" is: "Invalid
# string class label".
# Seen: what is no name but a number is taken for a position among the names, so "0" is the label "1", without a warning. A
# rating of 0, or a row of another label set, is counted for a label that nobody gave; "5" is the name and "6" an error, so
# that most wrong labels are found and just these are not. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "datasets==5.2.0" "pandas==3.1.1" "pyarrow==25.0.1"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

from datasets import ClassLabel, Dataset, Features

RATINGS = ClassLabel(names=["1", "2", "3", "4", "5"])


def stored_as(label):
    try:
        rows = Dataset.from_dict({"label": [label]}, features=Features({"label": RATINGS}))
    except ValueError as error:
        return error
    return RATINGS.int2str(rows[0]["label"])


print("datasets", version("datasets"), "names", RATINGS.names)
seen = {label: stored_as(label) for label in ("1", "5", "0", "6", "none")}
for label, name in seen.items():
    print(f"the text {label!r} is stored as the label {name!r}")
kept = {label: name for label, name in seen.items() if isinstance(name, str)}
raise SystemExit(kept != {"1": "1", "5": "5", "0": "1"})
PYTHON
HF_HUB_OFFLINE=1 HF_HOME="$folder/home" "$folder/venv/bin/python" "$folder/finding.py"
