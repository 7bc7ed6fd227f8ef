#!/bin/sh
# datasets reads JSON strings that are all ISO dates as timestamps; declared string features get other strings of them.
#
# Expected: with features=Features({"label": Value("string")}) a row has the string that the file has: "2024-01-01".
# Seen: "2024-01-01 00:00:00", without a warning. The reader infers a timestamp first, and then casts it to a string; one
# label that is no date keeps all of them. Lists of strings change as well. Without features the column is a timestamp.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "datasets==5.2.0" "pyarrow==26.0.1"
cat > "$folder/finding.py" <<'PYTHON'
import json
import sys
from importlib.metadata import version

from datasets import Features, List, Value, disable_progress_bars, load_dataset

disable_progress_bars()
TEXT = Value("string")
FEATURES = Features({"label": TEXT, "labels": List(TEXT)})


def read(labels, **options):
    path = f"{sys.argv[1]}/rows.jsonl"
    with open(path, "w") as file:
        file.writelines(json.dumps({"label": label, "labels": [label]}) + "\n" for label in labels)
    return load_dataset("json", data_files=path, split="train", cache_dir=sys.argv[1], **options)


print("datasets", version("datasets"), "pyarrow", version("pyarrow"))
dates = ["2024-01-01", "2024-02-29"]
seen = {
    "inferred": str(read(dates).features["label"]),
    "declared": read(dates, features=FEATURES)[0],
    "declared, and one is no date": read([*dates, "none"], features=FEATURES)[0],
}
for name, value in seen.items():
    print(f"{name:30} {value}")
changed = "2024-01-01 00:00:00"
raise SystemExit(
    seen
    != {
        "inferred": "Value('timestamp[s]')",
        "declared": {"label": changed, "labels": [changed]},
        "declared, and one is no date": {"label": "2024-01-01", "labels": ["2024-01-01"]},
    }
)
PYTHON
HF_HUB_OFFLINE=1 HF_HOME="$folder/home" "$folder/venv/bin/python" "$folder/finding.py" "$folder"
