"""spaCy: texts and categories from the Parquet file of a task, through a DocBin and a saved pipeline."""

from collections.abc import Callable
from typing import Any

from tests.consumers.conftest import Exported
from tests.consumers.hard_label_sets import SEVERAL

_SCRIPT = """
import json, sys
from pathlib import Path
import pandas as pd
import spacy
from spacy.tokens import DocBin
from spacy.training import Example

folder, saved = Path(sys.argv[1]), Path(sys.argv[2])
found = {}
for path in sorted((folder / "text_label").glob("*.parquet")):
    rows = pd.read_parquet(path)
    names = sorted(set(rows["label"]))
    pipeline, docs = spacy.blank("xx"), DocBin()
    for text, label in rows.itertuples(index=False):
        doc = pipeline.make_doc(text)
        doc.cats = {name: float(name == label) for name in names}
        docs.add(doc)
    docs.to_disk(saved / "rows.spacy")
    read = list(DocBin().from_disk(saved / "rows.spacy").get_docs(pipeline.vocab))
    examples = [Example(pipeline.make_doc(doc.text), doc) for doc in read]
    pipeline.add_pipe("textcat")
    pipeline.update(examples[:8], sgd=pipeline.initialize(lambda: examples))
    pipeline.to_disk(saved / "model")
    found[path.stem] = {
        "rows": [[doc.text, max(doc.cats, key=doc.cats.get)] for doc in read],
        "labels": sorted(spacy.load(saved / "model").get_pipe("textcat").labels),
    }
print(json.dumps(found))
"""


def test_every_text_and_label_is_kept(consume: Callable[..., Any], exported: Exported, tmp_path: Any) -> None:
    found = consume("spacy", _SCRIPT, tmp_path)
    for task_id in exported.task_ids():
        assert found[task_id]["rows"] == exported.pairs(task_id)
        assert found[task_id]["labels"] == sorted({label for _, label in exported.pairs(task_id)})


_SEVERAL = """
import json, sys
from pathlib import Path
import pandas as pd
import spacy
from spacy.tokens import DocBin
from spacy.training import Example

folder, saved = Path(sys.argv[1]) / "text_label", Path(sys.argv[2])
found = {}
for task_id in sys.argv[3:]:
    rows = pd.read_parquet(folder / f"{task_id}.parquet")
    columns = json.loads((folder / f"{task_id}.labels.json").read_text(encoding="utf-8"))["columns"]
    pipeline, docs = spacy.blank("xx"), DocBin()
    for text, *hot in rows[["text", *columns]].itertuples(index=False):
        doc = pipeline.make_doc(text)
        doc.cats = dict(zip(columns.values(), map(float, hot)))
        docs.add(doc)
    docs.to_disk(saved / "rows.spacy")
    read = list(DocBin().from_disk(saved / "rows.spacy").get_docs(pipeline.vocab))
    examples = [Example(pipeline.make_doc(doc.text), doc) for doc in read]
    pipeline.add_pipe("textcat_multilabel")
    pipeline.update(examples[:8], sgd=pipeline.initialize(lambda: examples))
    pipeline.to_disk(saved / "model")
    found[task_id] = {
        "rows": [[doc.text, [name for name in columns.values() if doc.cats[name]]] for doc in read],
        "labels": list(spacy.load(saved / "model").get_pipe("textcat_multilabel").labels),
    }
print(json.dumps(found))
"""


def test_several_labels_are_cats_of_a_multilabel_pipe(
    consume_sets: Callable[..., Any], exported_sets: Exported, tmp_path: Any
) -> None:
    found = consume_sets("spacy", _SEVERAL, tmp_path, *(task.task_id for task in SEVERAL))
    for task in SEVERAL:
        assert found[task.task_id]["rows"] == exported_sets.sets(task.task_id)
        assert sorted(found[task.task_id]["labels"]) == sorted(task.label_names)
