#!/bin/sh
# iterative-stratification's MultilabelStratifiedShuffleSplit uses all rows, whatever sizes it is given.
#
# Expected: train_size=200, test_size=100 are 200 and 100 rows, as in scikit-learn, whose signature and words it has:
# "absolute number of train samples", with some rows more or less for the labels' sake.
# Seen: of 1,000 rows it gives 667 and 333: the two sizes are but the parts of all rows. Shares of 0.2 and 0.1 do the same. A
# learning curve over train_size is flat in its rows, and a small test set eats a third of the data. Exits with 1 if that
# changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "iterative-stratification==0.1.9" "scikit-learn==1.9.1" "numpy==2.4.6"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

import numpy as np
from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit
from sklearn.model_selection import ShuffleSplit

labels = (np.random.default_rng(0).random((1000, 5)) < 0.3).astype(int)


def sizes(splitter, train, test):
    split = splitter(n_splits=1, train_size=train, test_size=test, random_state=0).split(labels, labels)
    return tuple(len(rows) for rows in next(split))


print("iterative-stratification", version("iterative-stratification"), "scikit-learn", version("scikit-learn"))
seen = {}
for train, test in ((200, 100), (0.2, 0.1), (20, 10)):
    plain, seen[train, test] = sizes(ShuffleSplit, train, test), sizes(MultilabelStratifiedShuffleSplit, train, test)
    print(f"train {train}, test {test}: scikit-learn's {plain} rows, iterative-stratification's {seen[train, test]}")
raise SystemExit(any(sum(rows) != 1000 or rows[1] < 300 for rows in seen.values()))
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
