#!/bin/sh
# crowd-kit's BinaryRelevance keeps the aggregators of all its objects in one dictionary: a fit changes earlier objects.
#
# Expected: aggregators_ is what this object was fitted on, "all the classes that are in the input data", as labels_ is.
# Seen: it belongs to the class. After a second object is fitted on another task, the first one has the labels of both, and
# behind a name that both tasks have, such as "Other", stand the votes of the second. Probabilities and workers' skills, which
# are read from there, are those of other texts. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "crowd-kit==1.4.2" "pandas==3.1.1"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

import pandas as pd
from crowdkit.aggregation import BinaryRelevance, MajorityVote


def votes(label_lists):
    rows = [(text, worker, labels) for text, labels in label_lists.items() for worker in ("w1", "w2", "w3")]
    return pd.DataFrame(rows, columns=["task", "worker", "label"])


def texts_of(aggregation, label):
    return list(aggregation.aggregators_[label].labels_.index)


first = BinaryRelevance(MajorityVote()).fit(votes({"mail 1": ["Billing"], "mail 2": ["Other"]}))
before = sorted(first.aggregators_), texts_of(first, "Other")
BinaryRelevance(MajorityVote()).fit(votes({"review 1": ["Price"], "review 2": ["Other"]}))
after = sorted(first.aggregators_), texts_of(first, "Other")
print("crowd-kit", version("crowd-kit"), "pandas", version("pandas"))
for when, (labels, texts) in (("fitted", before), ("after another object was fitted", after)):
    print(f"first object, {when}: labels {labels}, texts of 'Other' {texts}")
print("its labels_ are still", first.labels_.to_dict())
expected = (["Billing", "Other"], ["mail 1", "mail 2"]), (["Billing", "Other", "Price"], ["review 1", "review 2"])
raise SystemExit((before, after) != expected)
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/finding.py"
