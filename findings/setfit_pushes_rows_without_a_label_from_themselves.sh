#!/bin/sh
# SetFit's multi-label pairs push each text without a label away from the others like it, and from itself.
#
# Expected: two texts that no label fits have equal label vectors, so they are a pair of similar texts, or no pair; a text
# paired with itself is always similar.
# Seen: two texts are similar if they share a label, so all pairs of rows without one are to be unlike (label 0.0), the pair
# of such a text with itself included, which no embedding can fulfil. No warning. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    "setfit==1.2.0" "torch==2.13.0" "transformers==5.24.0" "sentence-transformers==6.2.0" "datasets==5.2.0"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

from setfit.sampler import ContrastiveDataset

TEXTS = ["The invoice is wrong.", "The parcel is late.", "Hello.", "Good morning."]
MULTI_HOT = [[1, 0], [0, 1], [0, 0], [0, 0]]  # billing, shipping
pairs = {
    (pair["sentence_1"], pair["sentence_2"]): pair["label"]
    for pair in ContrastiveDataset(TEXTS, MULTI_HOT, multilabel=True, sampling_strategy="unique")
}
print("setfit", version("setfit"))
for (first, second), label in sorted(pairs.items()):
    print(f"{first:24} {second:24} {label}")
itself = {text: pairs.get((text, text)) for text in TEXTS}
raise SystemExit(
    itself != dict(zip(TEXTS, (1.0, 1.0, 0.0, 0.0), strict=True)) or pairs.get(("Hello.", "Good morning.")) != 0.0
)
PYTHON
HF_HUB_OFFLINE=1 HF_HOME="$folder/home" "$folder/venv/bin/python" -W ignore "$folder/finding.py" 2>/dev/null
