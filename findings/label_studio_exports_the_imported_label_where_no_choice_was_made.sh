#!/bin/sh
# Label Studio exports the label that was imported with a text as the annotation of someone who chose none.
#
# Expected: in JSON_MIN and CSV the column of a question holds what the annotator chose, and nothing, or an empty list, where
# a text was submitted without a choice.
# Seen: the columns of the imported rows are written first, and a choice replaces the one of its name. Without a choice there
# is nothing to replace it, so a row imported with label "Billing" and submitted as "no label fits" has label "Billing" and
# the annotator's id. It looks confirmed by hand. A question whose name is no column of the rows is safe. Exits with 1 if that
# changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "label-studio-sdk==2.1.2"
cat > "$folder/finding.py" <<'PYTHON'
import csv
import json
import tempfile
from importlib.metadata import version
from pathlib import Path

from label_studio_sdk.converter import Converter


def exported(question, chosen, form):
    """The first exported row of a text that was imported with the label Billing."""
    view = f"""<View><Text name="text" value="$text"/><Choices name="{question}" toName="text" choice="multiple">
        <Choice value="Billing"/><Choice value="Shipping"/></Choices></View>"""
    result = [{"id": "r", "type": "choices", "from_name": question, "to_name": "text", "value": {"choices": chosen}}]
    annotation = {"id": 5, "completed_by": 7, "result": result if chosen else []}
    task = {"id": 1, "data": {"text": "Hello.", "label": "Billing"}, "annotations": [annotation]}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "tasks.json"), Path(folder, "exported")
        source.write_text(json.dumps([task]))
        Converter(view, project_dir=folder).convert(source, target, form, is_dir=False)
        (file,) = target.iterdir()
        text = file.read_text()
    rows = json.loads(text) if form == "JSON_MIN" else list(csv.DictReader(text.splitlines()))
    return rows[0]


print("label-studio-sdk", version("label-studio-sdk"))
seen = {}
for question in ("label", "reviewed"):
    for chosen in (["Shipping"], []):
        for form in ("JSON_MIN", "CSV"):
            row = exported(question, chosen, form)
            seen[question, bool(chosen), form] = row.get(question)
            print(f"question {question!r:10} chosen {chosen!s:12} {form:8} annotator {row['annotator']}, {question}: {row.get(question)!r}")
found = {("label", True): "Shipping", ("label", False): "Billing", ("reviewed", True): "Shipping", ("reviewed", False): None}
raise SystemExit(any(value != found[question, chosen] for (question, chosen, _), value in seen.items()))
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/finding.py" 2>/dev/null
