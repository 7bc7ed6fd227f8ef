"""SetFit: the config of a task as it is, with `labels=` its names; strings train as well."""

from collections.abc import Callable
from typing import Any

from tests.consumers.conftest import Exported
from tests.consumers.hard_label_sets import SEVERAL
from tests.consumers.hard_rows import OPEN, TASKS
from tests.consumers.tiny_models import RECORDING_MODEL

_SCRIPT = (
    RECORDING_MODEL
    + """
import json, sys
from datasets import load_dataset
from setfit import SetFitModel, Trainer, TrainingArguments
from sklearn.linear_model import LogisticRegression

found = {}
for task_id in sys.argv[3:]:
    rows = load_dataset(f"{sys.argv[1]}/huggingface", f"task-{task_id}")
    names = getattr(rows["train"].features["label"], "names", None)
    model = SetFitModel(model_body=recording_model(), model_head=LogisticRegression(max_iter=20), labels=names)
    settings = {"max_steps": 2, "batch_size": 8, "report_to": "none", "save_strategy": "no"}
    settings = TrainingArguments(output_dir=sys.argv[2], **settings)
    given.clear()
    scored = []

    def score(predicted, wanted):
        scored.extend(wanted)
        return {"rows": len(wanted)}

    trainer = Trainer(model=model, args=settings, train_dataset=rows["train"], eval_dataset=rows["test"], metric=score)
    trainer.train()
    trainer.evaluate()
    known = [label if names is None else names[label] for label in rows["train"]["label"]]
    found[task_id] = {
        "not embedded": sorted(set(rows["train"]["text"]) - set(given)),
        "train": list(map(list, zip(rows["train"]["text"], known))),
        "scored": [str(label) if names is None else names[label] for label in scored],
        "predicted": sorted({str(label) for label in model.predict(rows["train"]["text"])}),
        "classes": [str(name) for name in (names or model.model_head.classes_)],
    }
print(json.dumps(found))
"""
)


def test_every_text_and_label_is_trained_on(consume: Callable[..., Any], exported: Exported, tmp_path: Any) -> None:
    found = consume("torch", _SCRIPT, tmp_path, *(task.task_id for task in TASKS))
    for task in TASKS:
        own = found[task.task_id]
        assert own["train"] == exported.pairs(task.task_id, "train")
        tested = [label for _, label in exported.pairs(task.task_id, "test")]
        assert len(own["scored"]) == len(tested) if task is OPEN else own["scored"] == tested
        assert not own["not embedded"]
        labels = {label for _, label in exported.pairs(task.task_id, "train")}
        assert own["classes"] == (sorted(labels) if task is OPEN else list(task.label_names))
        assert set(own["predicted"]) <= labels


_SEVERAL = (
    RECORDING_MODEL
    + """
import json, sys
from datasets import load_dataset
from setfit import SetFitModel, Trainer, TrainingArguments
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

found = {}
for task_id in sys.argv[3:]:
    rows = load_dataset(f"{sys.argv[1]}/huggingface", f"task-{task_id}")
    names = rows["train"].features["labels"].feature.names
    head = OneVsRestClassifier(LogisticRegression(max_iter=20))
    model = SetFitModel(model_body=recording_model(), model_head=head, multi_target_strategy="one-vs-rest")
    settings = {"max_steps": 2, "batch_size": 8, "report_to": "none", "save_strategy": "no"}
    settings = TrainingArguments(output_dir=sys.argv[2], **settings)
    given.clear()
    scored = []

    def score(predicted, wanted):
        scored.extend(wanted)
        return {"rows": len(wanted)}

    trainer = Trainer(
        model=model, args=settings, train_dataset=rows["train"], eval_dataset=rows["test"], metric=score,
        column_mapping={"text": "text", "multi_hot": "label"},
    )
    trainer.train()
    trainer.evaluate()

    def named(hot):
        return [name for name, is_on in zip(names, hot) if is_on]

    found[task_id] = {
        "not embedded": sorted(set(rows["train"]["text"]) - set(given)),
        "scored": [named(hot) for hot in scored],
        "predicted": list(model.predict(rows["test"]["text"]).shape),
    }
print(json.dumps(found))
"""
)


def test_several_labels_are_trained_on_as_multi_hot_lists(
    consume_sets: Callable[..., Any], exported_sets: Exported, tmp_path: Any
) -> None:
    found = consume_sets("torch", _SEVERAL, tmp_path, *(task.task_id for task in SEVERAL))
    for task in SEVERAL:
        own, tested = found[task.task_id], exported_sets.sets(task.task_id, "test")
        assert own["scored"] == [labels for _, labels in tested]
        assert own["predicted"] == [len(tested), len(task.labels)]
        assert not own["not embedded"]
