#!/bin/sh
# mlflow's to_single_brace_format leaves placeholders with an accent or a hyphen, and LangChain then sends their names.
#
# Expected: a prompt's own `format` fills {{étiquette}}, so to_single_brace_format, which makes a template for LangChain,
# turns it into {étiquette}; or it refuses the name.
# Seen: it is left as {{étiquette}}, which to LangChain is {étiquette} as plain words. The value is dropped, and the model
# reads the placeholder. No error: LangChain ignores values that its template does not name. `variables` of the prompt,
# by which a template could be checked first, does not list it either. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "mlflow-skinny==3.17.2" "langchain-core==1.7.2"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

from langchain_core.prompts import ChatPromptTemplate
from mlflow.entities.model_registry import PromptVersion

CASES = {
    "label": ("Write a text for the label {{label}}.", "Billing"),
    "étiquette": ("Écris un texte pour l'étiquette {{étiquette}}.", "Facture"),
    "schwierigkeit": ("Schreib einen Text: {{schwierigkeit}}.", "leicht"),
    "empfänger": ("Schreib einen Text an {{empfänger}}.", "Anna"),
    "sub-task": ("Write a text about {{sub-task}}.", "refunds"),
}

print("mlflow", version("mlflow-skinny"), "langchain-core", version("langchain-core"))
lost = []
for name, (template, value) in CASES.items():
    prompt = PromptVersion(name="rows", version=1, template=template)
    chat = ChatPromptTemplate.from_messages([("user", prompt.to_single_brace_format())])
    own, sent = prompt.format(**{name: value}), chat.invoke({name: value}).to_messages()[0].content
    print(f"{name:14} variables {sorted(prompt.variables)}, by mlflow: {own}  by LangChain: {sent}")
    if value in own and value not in sent and not prompt.variables:
        lost.append(name)
raise SystemExit(lost != ["étiquette", "empfänger", "sub-task"])
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
