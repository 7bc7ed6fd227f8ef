#!/bin/sh
# spaCy's score of several labels a text is below 1 for a faultless model if one label has no test row, or all of them.
#
# Expected: a macro AUC is the mean over the labels that have one, as spaCy's own AUC of such a label is None, "undefined"; or a
# warning.
# Seen: an undefined AUC counts as 0 in the mean, "cats_score", by which training picks the best model. With three labels, one of
# which is rare and not in the test rows, no model gets more than 0.67; a label that all test rows have costs a third as well.
# Scores of two splits can't be compared, and nothing says so. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "spacy==3.8.18"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

import spacy
from spacy.training import Example

LABELS = ("Billing", "Refund", "Shipping")
CASES = {
    "all labels": ([{"Billing"}, {"Refund"}, {"Shipping"}, set()], 1.0),
    "no row of Refund": ([{"Billing"}, {"Shipping"}, set()], 0.67),
    "Billing in all rows": ([{"Billing"}, {"Billing", "Refund"}, {"Billing", "Shipping"}], 0.67),
}
nlp = spacy.blank("en")
categories = nlp.add_pipe("textcat_multilabel")
for label in LABELS:
    categories.add_label(label)


def faultless(labels):
    """A text with these labels, and a prediction of 0.9 for each of them and of 0.1 for the others."""
    given = {label: float(label in labels) for label in LABELS}
    predicted = nlp.make_doc("A text.")
    predicted.cats = {label: 0.1 + 0.8 * value for label, value in given.items()}
    return Example.from_dict(predicted, {"cats": given})


print("spacy", version("spacy"))
same = True
for case, (rows, expected) in CASES.items():
    scores = categories.score([faultless(labels) for labels in rows])
    score = round(float(scores["cats_score"]), 2)
    own = {label: None if auc is None else float(auc) for label, auc in scores["cats_auc_per_type"].items()}
    print(f"{case:20} {scores['cats_score_desc']} {score}, by label {own}")
    same = same and score == expected and scores["cats_micro_f"] == 1
raise SystemExit(not same)
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/finding.py"
