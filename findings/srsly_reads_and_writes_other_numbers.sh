#!/bin/sh
# srsly, spaCy's module for JSON, reads and writes other numbers than it is given.
#
# Expected: what its functions write they read back, as with the standard library: floats bit by bit, integers of any size, or
# an error for a number that does not fit.
# Seen: an integer beyond 64 bits, such as a numeric row id, becomes another one at reading, without an error. Floats are
# written with fewer digits, so of 1,000 scores most are others afterwards, and even the digits of the standard library are
# read inexactly. Thresholds and sums of scores differ, and rows get ids that no file has. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "srsly==2.5.6"
cat > "$folder/finding.py" <<'PYTHON'
import json
import random
from importlib.metadata import version

import srsly

ROW_ID = 123456789012345678901
draws = random.Random(0)
scores = [draws.random() for _ in range(1000)]
read = srsly.json_loads(json.dumps({"id": ROW_ID, "scores": scores}))
kept = {
    "read": sum(srsly.json_loads(json.dumps(score)) == score for score in scores),
    "written": sum(json.loads(srsly.json_dumps(score)) == score for score in scores),
    "read by the standard library": sum(json.loads(json.dumps(score)) == score for score in scores),
}
print("srsly", version("srsly"))
print("id", ROW_ID, "is read as", read["id"])
print(f"score {scores[0]!r} is written as {srsly.json_dumps(scores[0])}, and read as {read['scores'][0]!r}")
for way, number in kept.items():
    print(f"{way}: {number} of 1000 scores are what they were")
unchanged = kept.pop("read by the standard library")
raise SystemExit(not (unchanged == 1000 and max(kept.values()) < 500 and read["id"] != ROW_ID))
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
