#!/bin/sh
# NLTK has no agreement of label sets once an annotator says of one text that no label fits.
#
# Expected: the distance of two equal label sets is 0, that of two empty ones as well, so alpha is a number whatever the sets
# are. NLTK's distances for sets, MASI and Jaccard, are made for such annotations.
# Seen: for two empty sets both distances divide by zero, and alpha compares each label set that occurs with itself too. So
# one empty set among all texts is an error for all of them, even where nobody agrees with it. A set of one name in its place,
# such as {"none"}, gives a number. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "nltk==3.10.4"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

from nltk.metrics import jaccard_distance, masi_distance
from nltk.metrics.agreement import AnnotationTask

OTHERS = [({"Billing"}, {"Billing"}), ({"Shipping"}, {"Billing", "Shipping"}), ({"Shipping"}, {"Shipping"})]
LAST = {
    "both say Billing": ({"Billing"}, {"Billing"}),
    "one says no label": (set(), {"Shipping"}),
    "both say no label": (set(), set()),
    'both say {"none"}': ({"none"}, {"none"}),
}


def alpha(pairs, distance):
    rows = [(who, text, frozenset(labels)) for text, pair in enumerate(pairs) for who, labels in zip("ab", pair, strict=True)]
    try:
        return AnnotationTask(rows, distance=distance).alpha()
    except ZeroDivisionError as error:
        return error


print("nltk", version("nltk"))
failed = set()
for case, pair in LAST.items():
    for distance in (masi_distance, jaccard_distance):
        value = alpha([*OTHERS, pair], distance)
        print(f"last of four texts: {case:18} alpha by {distance.__name__:17} {value!r}")
        if isinstance(value, ZeroDivisionError):
            failed.add(case)
raise SystemExit(failed != {"one says no label", "both say no label"})
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
