#!/bin/sh
# ppi-python 0.2.3: 50 labels by hand that are all 1 give a 95 % interval of no width, or NaN.
#
# Expected: an interval that leaves room for wrong rows among those that nobody has labelled (after 50 of 50, classical
# intervals for a share begin near 0.93), or an error.
# Seen: [1, 1], although the predictions doubt 100 of the 1,000 other rows, and [nan, nan] where the predictions are constant:
# the power-tuned weight is 0 or 0/0, and the standard error of equal labels is 0. With lam=1 an end is above 1.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "ppi-python==0.2.3"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

import numpy as np
from ppi_py import ppi_mean_ci

labels, agreed = np.ones(50), np.ones(50)
doubted = agreed.copy()
doubted[:3] = 0.0
others = np.r_[np.ones(900), np.zeros(100)]


def interval(predicted, predicted_others, **options):
    low, high = ppi_mean_ci(labels, predicted, predicted_others, alpha=0.05, **options)
    return float(low[0]), float(high[0])


print("ppi-python", version("ppi-python"), "numpy", version("numpy"))
found = {
    "predictions agree on the labelled rows": interval(agreed, others),
    "predictions doubt three of them": interval(doubted, others),
    "predictions doubt three of them, lam=1": interval(doubted, others, lam=1),
    "predictions are constant": interval(agreed, np.ones(1_000)),
}
for name, ends in found.items():
    print(f"50 of 50 labels are 1, {name}: {ends}")
first, second, third, fourth = found.values()
raise SystemExit(0 if first == second == (1.0, 1.0) and third[1] > 1 and all(np.isnan(fourth)) else 1)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py" 2>&1
