#!/bin/sh
# imbalanced-learn gives rows without a label the first of the labels.
#
# Expected: a matrix of labels in which no row has two is taken as "binarized encoded multiclass"; one with rows of no label is
# none, and is refused as a row of two labels is: "Multilabel and multioutput targets are not supported".
# Seen: only the rows of two labels are looked for. A row of zeros is read as the place of its largest value, the first, so all
# texts that no label fits come back with the label that is first in the alphabet, are counted with its rows, and take most of
# its share in the balanced data. No warning. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "imbalanced-learn==0.14.2" "scikit-learn==1.9.1" "numpy==2.4.6"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

import numpy as np
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.preprocessing import MultiLabelBinarizer

LABELS = [["Billing"]] * 20 + [["Refund"]] * 10 + [["Shipping"]] * 20 + [[]] * 40
binarizer = MultiLabelBinarizer()
given = binarizer.fit_transform(LABELS)
rows = np.arange(len(LABELS)).reshape(-1, 1)

print("imbalanced-learn", version("imbalanced-learn"), "scikit-learn", version("scikit-learn"))
changed = []
for sampler in (RandomOverSampler(random_state=0), RandomUnderSampler(random_state=0)):
    picked, returned = sampler.fit_resample(rows, given)
    labels = binarizer.inverse_transform(returned)
    without = [labels[place] for place, row in enumerate(picked[:, 0]) if row >= 50]
    seen = sorted(set(without))
    print(f"{type(sampler).__name__:19} {len(labels):3} rows, {len(without)} of which had no label; these have now: {seen}")
    changed.append(len(without) > 0 and seen == [("Billing",)])
given[0] = 1
try:
    RandomOverSampler(random_state=0).fit_resample(rows, given)
    refused = False
except ValueError as error:
    print("one row of two labels:", error)
    refused = True
raise SystemExit(not (all(changed) and refused))
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
