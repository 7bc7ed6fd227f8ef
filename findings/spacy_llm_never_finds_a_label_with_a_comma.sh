#!/bin/sh
# spaCy-LLM's text classification never gives a label whose name has a comma, though its prompt offers that label.
#
# Expected: the labels are known, so a reply that is one of them, word by word, is that label; or such a name is refused.
# Seen: the reply is split at commas, and the pieces of "Refunds, returns" are names of no label: the text has none, in tasks
# of one label a text as in tasks of several. Every call is paid for, and nothing is said. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "spacy-llm==0.7.4" "spacy==3.8.18"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version
from typing import Any, Iterable

import spacy
from spacy_llm.registry import registry

LABELS = ["Billing", "Refunds, returns", "Shipping"]
prompts = []


@registry.llm_models("Fixed.v1")
def fixed(reply: str):
    def answer(batches: Iterable[Iterable[Any]]) -> Iterable[Iterable[Any]]:
        for batch in batches:
            prompts.extend(batch)
            yield [reply] * len(batch)

    return answer


def labels_of(reply, exclusive):
    task = {"@llm_tasks": "spacy.TextCat.v3", "labels": LABELS, "exclusive_classes": exclusive}
    nlp = spacy.blank("en")
    nlp.add_pipe("llm", config={"task": task, "model": {"@llm_models": "Fixed.v1", "reply": reply}})
    return [label for label, score in nlp("I want my money back.").cats.items() if score]


print("spacy-llm", version("spacy-llm"), "spacy", version("spacy"))
seen = {(reply, way): labels_of(reply, way) for reply in LABELS for way in (True, False)}
for (reply, way), labels in seen.items():
    print(f"{'exclusive' if way else 'several':9} reply {reply!r:20} labels {labels}")
offered = "Refunds, returns" in prompts[0]
print("the prompt offers the label:", offered)
found = {(reply, way): [] if "," in reply else [reply] for reply, way in seen}
raise SystemExit(not offered or seen != found)
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/finding.py"
