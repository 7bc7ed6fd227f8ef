"""model2vec: texts and labels from the Parquet file of a task."""

from collections.abc import Callable
from typing import Any

from tests.consumers.conftest import Exported
from tests.consumers.tiny_models import RECORDING_MODEL

_SCRIPT = (
    RECORDING_MODEL
    + """
import json, sys
from pathlib import Path
import pandas as pd
from model2vec import StaticModel
from model2vec.train import StaticModelForClassification

folder, saved = Path(sys.argv[1]), sys.argv[2]
found = {}
for path in sorted((folder / "text_label").glob("*.parquet")):
    rows = pd.read_parquet(path)
    model = StaticModelForClassification.from_static_model(model=StaticModel(vectors(), tokenizer()))
    model.fit(rows["text"].tolist(), rows["label"].tolist(), max_epochs=1)
    found[path.stem] = {
        "classes": sorted(map(str, model.classes)),
        "predicted": sorted({str(label) for label in model.predict(rows["text"].tolist())}),
        "rows": rows.to_numpy().tolist(),
    }
print(json.dumps(found))
"""
)


def test_every_label_is_a_class(consume: Callable[..., Any], exported: Exported, tmp_path: Any) -> None:
    found = consume("torch", _SCRIPT, tmp_path)
    for task_id in exported.task_ids():
        assert found[task_id]["rows"] == exported.pairs(task_id)
        labels = {label for _, label in exported.pairs(task_id)}
        assert found[task_id]["classes"] == sorted(labels)
        assert set(found[task_id]["predicted"]) <= labels
