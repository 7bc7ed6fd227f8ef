#!/bin/sh
# MTEB's multi-label classification never trains on rows without a label, which it tests on.
#
# Expected: a training row whose label list is empty says that no label fits, and is as likely to be trained on as others.
# Seen: training rows are picked while one of their labels still lacks rows, so a row without a label is never picked: not
# one of 60 is embedded in ten experiments, though 20 of 40 test rows are such rows. No warning. Texts that no label fits
# are so far from all that the classifier has seen, and it gives them labels. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    "mteb==2.26.24" "torch==2.13.0" "transformers==5.24.0" "sentence-transformers==6.2.0" "datasets==5.2.0"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

import mteb
import numpy as np
from datasets import Dataset, DatasetDict
from mteb.abstasks import AbsTaskMultilabelClassification
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer, models

given = set()


class Recording(StaticEmbedding):
    def preprocess(self, inputs, prompt=None, **options):
        given.update(inputs)
        return super().preprocess(inputs, prompt, **options)


def rows(number, start):
    """Every second row without a label."""
    return Dataset.from_list(
        [{"text": f"text {row}", "label": [] if row % 2 else [row % 3, 3]} for row in range(start, start + number)]
    )


class Task(AbsTaskMultilabelClassification):
    metadata = mteb.TaskMetadata(
        name="Made", description="Made.", prompt="Mark.", type="MultilabelClassification", category="t2c",
        modalities=["text"], eval_splits=["test"], eval_langs=["eng-Latn"], main_score="f1",
        annotations_creators="derived", sample_creation="created", dataset={"path": "made", "revision": "1"},
    )

    def load_data(self, **_):
        self.dataset = DatasetDict({"train": rows(120, 0), "test": rows(40, 1000)})
        self.data_loaded = True


tokens = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
vectors = Recording(tokens, embedding_weights=np.ones((1, 4), "float32"))
mteb.evaluate(SentenceTransformer(modules=[vectors], device="cpu"), Task(), cache=None)
train = rows(120, 0)
seen = {
    kind: sum(row["text"] in given for row in train if bool(row["label"]) is has_label)
    for kind, has_label in (("with labels", True), ("without a label", False))
}
print("mteb", version("mteb"))
for kind, number in seen.items():
    print(f"training rows {kind:16} {number:3} of 60 are embedded")
raise SystemExit(not (seen["with labels"] > 0 and seen["without a label"] == 0))
PYTHON
HF_HUB_OFFLINE=1 HF_HOME="$folder/home" "$folder/venv/bin/python" -W ignore "$folder/finding.py" 2>/dev/null
