"""sentence-transformers' trainer: the config `triplet` as it is; the batch size with `no_duplicates`."""

from collections.abc import Callable
from typing import Any

from tests.consumers.conftest import Exported
from tests.consumers.tiny_models import RECORDING_MODEL

_SCRIPT = (
    RECORDING_MODEL
    + """
import json, sys
from datasets import load_dataset
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss, TripletLoss

rows = load_dataset(f"{sys.argv[1]}/huggingface", "triplet")["train"]
rows = rows.filter(lambda row: not sys.argv[3] or sys.argv[3] in row["anchor"])


def trained(loss, **settings):
    given.clear()
    model = recording_model()
    settings = SentenceTransformerTrainingArguments(
        output_dir=sys.argv[2], num_train_epochs=1, report_to=[], save_strategy="no", use_cpu=True, **settings
    )
    trainer = SentenceTransformerTrainer(model=model, args=settings, train_dataset=rows, loss=loss(model))
    collate, batches = trainer.data_collator, []

    def recorded(features):
        batches.extend([row["anchor"], row["positive"], row["negative"]] for row in features)
        return collate(features)

    recorded.valid_label_columns = getattr(collate, "valid_label_columns", [])
    trainer.data_collator = recorded
    trainer.train()
    texts = {text for row in batches for text in row}
    return sorted(batches), sorted(texts - set(given))


in_batch = {"loss": MultipleNegativesRankingLoss, "batch_sampler": "no_duplicates"}
found = {
    "triplet loss": trained(TripletLoss, per_device_train_batch_size=32),
    "small batches": trained(**in_batch, per_device_train_batch_size=8),
    "large batches": trained(**in_batch, per_device_train_batch_size=64),
}
print(json.dumps(found))
"""
)


def _triplets(exported: Exported, task: str = "") -> list[list[str]]:
    rows = exported.of(split="train")
    rows = rows[rows["task"].str.contains(task, regex=False)]
    anchors = "Instruct: " + rows["task"] + "\nQuery: " + rows["input_text"]
    return sorted(rows.assign(anchor=anchors)[["anchor", "label", "misleading_label"]].to_numpy().tolist())


def test_every_triplet_is_trained_on(consume: Callable[..., Any], exported: Exported, tmp_path: Any) -> None:
    batches, not_given = consume("torch", _SCRIPT, tmp_path, "")["triplet loss"]
    assert batches == _triplets(exported)
    assert not not_given


def test_no_duplicates_leaves_rows_out_unless_batches_are_small(
    consume: Callable[..., Any], exported: Exported, tmp_path: Any
) -> None:
    task = "spelling"
    found = consume("torch", _SCRIPT, tmp_path, task)
    assert found["small batches"][0] == _triplets(exported, task)
    assert len(found["large batches"][0]) < len(_triplets(exported, task))


def test_each_label_of_a_text_is_a_positive(
    consume_sets: Callable[..., Any], exported_sets: Exported, tmp_path: Any
) -> None:
    rows = exported_sets.of(split="train").explode("labels").dropna(subset="labels")
    anchors = "Instruct: " + rows["task"] + "\nQuery: " + rows["input_text"]
    wanted = sorted(rows.assign(anchor=anchors)[["anchor", "labels", "misleading_label"]].to_numpy().tolist())
    batches, not_given = consume_sets("torch", _SCRIPT, tmp_path, "")["triplet loss"]
    assert batches == wanted
    assert not not_given
