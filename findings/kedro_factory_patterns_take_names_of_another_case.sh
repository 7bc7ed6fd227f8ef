#!/bin/sh
# kedro's dataset factories take a name whose fixed part is written in other case, and two datasets share one file.
#
# Expected: names in the catalog differ by case, as for entries without a pattern: reviews is not Reviews. So of
# "labels_{name}" and the name Labels_mail there is no match, and the dataset stays in memory.
# Seen: the fixed part of a pattern is compared without regard to case. Labels_mail and labels_mail are two datasets of a
# pipeline, with two places in Kedro-Viz, and both are written to the file of the pattern: the later one replaces the
# earlier one's rows. No warning. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "kedro==1.7.0" "kedro-datasets==9.6.0"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version
from pathlib import Path

from kedro.io import DataCatalog
from kedro.pipeline import Pipeline, node
from kedro.runner import SequentialRunner

print("kedro", version("kedro"))
entry = {"type": "json.JSONDataset", "filepath": "{name}.json"}
catalog = DataCatalog.from_config({"labels_{name}": entry, "reviews": {**entry, "filepath": "reviews.json"}})
plain = ["reviews" in catalog, "Reviews" in catalog]
print("entry without a pattern: reviews", plain[0], "Reviews", plain[1])

pipeline = Pipeline(
    [
        node(lambda: ["spam", "mail"], None, "labels_mail", name="planned"),
        node(lambda planned: planned[:1], "labels_mail", "Labels_mail", name="accepted"),
        node(lambda accepted, planned: len(planned), ["Labels_mail", "labels_mail"], "count", name="count"),
    ]
)
count = SequentialRunner().run(pipeline, catalog)["count"].load()
files = sorted(path.name for path in Path().glob("*.json"))
print("files:", files, "rows planned, after those accepted were saved:", count)
raise SystemExit((plain, files, count) != ([True, False], ["mail.json"], 1))
PYTHON
cd "$folder" && "$folder/venv/bin/python" "$folder/finding.py"
