"""An embedding model of the user's own, from a folder."""

import json
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from synthetic_textcat.errors import EvaluationError
from synthetic_textcat.pipelines.evaluate.embedding import new_model, own_model
from synthetic_textcat.pipelines.evaluate.exported_rows import File
from synthetic_textcat.pipelines.evaluate.inputs import RealRows, real_rows
from synthetic_textcat.pipelines.evaluate.nodes import train_classifiers, train_on_triplets
from synthetic_textcat.schemas.parameters import EvaluateParameters, ExportParameters
from synthetic_textcat.tables import as_table
from tests.pipelines.evaluate.builders import TASKS, WORDS, MadeFile, evaluation_set, exported, labelled, tasks_frame

pytestmark = [
    pytest.mark.skipif(not find_spec("sentence_transformers"), reason="the extra `train` is not installed"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> EvaluateParameters:
    """A model whose tokens are those of the texts, as anyone would save it."""
    folder = tmp_path_factory.mktemp("model")
    new_model([*(text for text, _ in labelled(300, "made")), *WORDS]).save_pretrained(str(folder))
    return EvaluateParameters(embedding_model=str(folder))


def _real() -> RealRows:
    return real_rows(evaluation_set(labelled(60, "real")), TASKS)


def test_its_embeddings_are_what_classifiers_read(saved: EvaluateParameters) -> None:
    tasks = tasks_frame()
    rows = as_table(exported(labelled(300, "made")))
    found = train_classifiers(rows, _real(), tasks, saved, ExportParameters(), 42).metrics
    assert (found["real/macro_f1"] or 0) > 0.9
    assert found == train_classifiers(rows, _real(), tasks, saved, ExportParameters(), 42).metrics


def test_a_model_that_confuses_all_texts_has_classifiers_guess(tmp_path: Path) -> None:
    new_model(["0"]).save_pretrained(str(tmp_path))
    blind = EvaluateParameters(embedding_model=str(tmp_path))
    made = as_table(exported(labelled(300, "made")))
    found = train_classifiers(made, _real(), tasks_frame(), blind, ExportParameters(), 42)
    assert (found.metrics["real/macro_f1"] or 0) < 0.5


def test_it_is_what_the_triplets_train(saved: EvaluateParameters) -> None:
    labels = sorted(WORDS)
    texts = [text for text, _ in labelled(360, "made")]
    rows = pd.DataFrame(
        {
            "anchor": texts,
            "positive": [labels[row % 3] for row in range(360)],
            "negative": [labels[(row + 1) % 3] for row in range(360)],
        }
    )
    files: dict[str, File] = {
        "data/triplet-train.parquet": MadeFile(rows[:300]),
        "data/triplet-test.parquet": MadeFile(rows[300:]),
    }
    found = train_on_triplets(files, saved).metrics
    assert (found["train/triplet_accuracy_after"] or 0) > 0.8
    assert found != train_on_triplets(files, EvaluateParameters()).metrics


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"modules.json": "{broken"},
        {"modules.json": json.dumps([{"idx": 0, "name": "0", "path": "", "type": "os.path.join"}])},
        {"config.json": json.dumps({"model_type": "bert", "vocab_size": 8})},
    ],
)
def test_a_folder_without_a_model_is_one_line(files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"holds no model .*\. Next: name a folder") as caught:
        own_model(str(tmp_path))
    assert "\n" not in str(caught.value)
