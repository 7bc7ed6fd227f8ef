#!/bin/sh
# The output field `labels` of a DSPy prediction is a method, not the labels.
#
# Expected: prediction.labels are the labels that the model wrote, as prediction.label is the label, or the signature is
# refused for a name that is taken.
# Seen: Example, the base of predictions and of training rows, has methods `labels` and `inputs`, which hide fields of that
# name. No error and no warning: a prediction of no label is true as a truth value, and no prediction equals the labels that
# the model wrote. prediction["labels"] has the labels. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "dspy==3.4.1"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

import dspy


def predict(field, reply):
    with dspy.context(lm=dspy.utils.DummyLM([{field: reply}])):
        return dspy.Predict(f"text: str -> {field}: list[str]")(text="Hello.")


print("dspy", version("dspy"))
seen = {}
for field in ("topics", "labels"):
    for reply, labels in (("[]", []), ('["Billing"]', ["Billing"])):
        prediction = predict(field, reply)
        by_name, by_item = getattr(prediction, field), prediction[field]
        seen[field, reply] = (by_name == labels, bool(by_name), by_item == labels)
        print(f"field {field}, reply {reply:11}: by item {by_item}, by attribute a {type(by_name).__name__}, true: {bool(by_name)}")
row = dspy.Example(text="Hello.", labels=[]).with_inputs("text")
print("a training row without labels, by attribute: a", type(row.labels).__name__)
found = {
    ("topics", "[]"): (True, False, True),
    ("topics", '["Billing"]'): (True, True, True),
    ("labels", "[]"): (False, True, True),
    ("labels", '["Billing"]'): (False, True, True),
}
raise SystemExit(seen != found or not callable(row.labels))
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/finding.py"
