#!/bin/sh
# sentence-transformers' batch sampler no_duplicates trains on a part of the rows in an epoch where many rows share a text.
#
# Expected: batches get smaller and there are more of them, or a warning: one epoch trains on each row once.
# Seen: the sampler yields every row, but says that it has rows / batch size batches, and the trainer ends the epoch after
# so many: of 1,000 triplets with 2 labels and batches of 32, it trains on 32, and reports 1,000 samples. No warning.
# With batches of a quarter of the number of labels all rows are trained on. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    "sentence-transformers==6.2.0" "transformers==5.24.0" "torch==2.13.0" "accelerate==1.15.0" "datasets==5.2.0"
cat > "$folder/finding.py" <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer, models

ROWS = 1000


def rows_trained_on(labels, batch):
    tokens = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    vectors = StaticEmbedding(tokens, embedding_weights=np.ones((1, 4), "float32"))
    model = SentenceTransformer(modules=[vectors], device="cpu")
    rows = Dataset.from_list(
        [{"anchor": f"text {row}", "positive": f"label {row % labels}", "negative": f"label {(row + 1) % labels}"}
         for row in range(ROWS)]
    )
    settings = SentenceTransformerTrainingArguments(
        output_dir=sys.argv[1], num_train_epochs=1, per_device_train_batch_size=batch, batch_sampler="no_duplicates",
        report_to=[], save_strategy="no", logging_strategy="no", use_cpu=True, disable_tqdm=True,
    )
    trainer = SentenceTransformerTrainer(
        model=model, args=settings, train_dataset=rows, loss=MultipleNegativesRankingLoss(model)
    )
    collate, seen = trainer.data_collator, set()

    def recorded(batch):
        seen.update(row["anchor"] for row in batch)
        return collate(batch)

    recorded.valid_label_columns = collate.valid_label_columns
    trainer.data_collator = recorded
    result = trainer.train()
    return len(seen), result.global_step


print("sentence-transformers", version("sentence-transformers"), "transformers", version("transformers"))
seen = {(labels, batch): rows_trained_on(labels, batch) for labels, batch in ((2, 32), (60, 32), (14, 4))}
for (labels, batch), (rows, steps) in seen.items():
    print(f"{labels:3} labels, batches of {batch:2}: {rows:4} of {ROWS} rows in {steps} steps")
raise SystemExit(not (seen[2, 32][0] <= 40 and seen[60, 32][0] < 950 and seen[14, 4][0] == ROWS))
PYTHON
HF_HUB_OFFLINE=1 HF_HOME="$folder/home" "$folder/venv/bin/python" -W ignore "$folder/finding.py" "$folder/model"
