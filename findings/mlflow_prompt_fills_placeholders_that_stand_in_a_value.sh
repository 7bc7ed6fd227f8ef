#!/bin/sh
# mlflow's PromptVersion.format fills placeholders that stand in the values, depending on the order of its arguments.
#
# Expected: the template's placeholders are filled, in one pass; a value that has braces in it, such as a text about
# templates that a model wrote, stays as it is.
# Seen: the values are put in one after another, and a later one is also put into those before it. The same call with
# its arguments in another order gives another prompt, and so another hash of it. No error. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "mlflow-skinny==3.17.2"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

from mlflow.entities.model_registry import PromptVersion

TEXT = "Our mail merge prints {{label}} on each letter."
WANTED = f"Does this text belong to Billing? {TEXT}"

print("mlflow", version("mlflow-skinny"))
prompt = PromptVersion(name="judge", version=1, template="Does this text belong to {{label}}? {{text}}")
label_first = prompt.format(label="Billing", text=TEXT)
text_first = prompt.format(text=TEXT, label="Billing")
print("label first:", label_first)
print("text first: ", text_first)
raise SystemExit(label_first != WANTED or text_first != WANTED.replace("{{label}}", "Billing"))
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
