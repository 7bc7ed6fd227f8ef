"""fastText: lines with numbers for labels, texts in one line (docs/export.md), since its format knows no quotes."""

from collections.abc import Callable
from typing import Any

from tests.consumers.conftest import Exported
from tests.consumers.hard_label_sets import SEVERAL
from tests.consumers.hard_rows import CASES, OPEN
from tests.support.label_set_readers import fasttext_code

_SCRIPT = """
import json, sys
from pathlib import Path
import fasttext
import pandas as pd

folder, path = Path(sys.argv[1]), sys.argv[2] + "/rows.txt"


def trained(labels, texts):
    lines = (f"__label__{label} {text}\\n" for label, text in zip(labels, texts))
    Path(path).write_text("".join(lines), encoding="utf-8", newline="")
    model = fasttext.train_supervised(path, epoch=1, thread=1, verbose=0)
    return sorted(name[len("__label__"):] for name in model.labels), model.test(path)[0]


found = {}
for own in sorted((folder / "text_label").glob("*.parquet")):
    rows = pd.read_parquet(own)
    names = json.loads(own.with_suffix(".labels.json").read_text(encoding="utf-8"))["label_names"]
    in_line = [" ".join(text.split()).replace("__label__", "__label ") for text in rows["text"]]
    numbers, tested = trained([names.index(label) for label in rows["label"]], in_line)
    found[own.stem] = {
        "labels": sorted(names[int(number)] for number in numbers),
        "tested": tested,
        "as written": trained(rows["label"], rows["text"])[0],
    }
print(json.dumps(found))
"""


def test_numbered_labels_and_texts_in_one_line_are_all_read(
    consume: Callable[..., Any], exported: Exported, tmp_path: Any
) -> None:
    found = consume("fasttext", _SCRIPT, tmp_path)
    for task_id in exported.task_ids():
        pairs = exported.pairs(task_id)
        assert found[task_id]["labels"] == sorted({label for _, label in pairs})
        # A text without any letter that it has seen often enough may have no word left, and is not tested.
        assert found[task_id]["tested"] == len(pairs)


def test_labels_as_written_end_at_a_space(consume: Callable[..., Any], tmp_path: Any) -> None:
    assert found_labels(consume, tmp_path) < set(CASES)


def found_labels(consume: Callable[..., Any], tmp_path: Any) -> set[str]:
    found = consume("fasttext", _SCRIPT, tmp_path)[OPEN.task_id]["as written"]
    return {*found} & {*CASES}


_SEVERAL = """
import json, sys
from pathlib import Path
import fasttext
import pandas as pd

folder, path = Path(sys.argv[1]) / "text_label", sys.argv[2] + "/rows.txt"


def line(text, labels, names):
    scope = {"names": names, "row": {"text": text, "labels": labels}}
    exec(sys.argv[3], scope)
    return scope["line"]


def tested(lines):
    Path(path).write_text("".join(lines), encoding="utf-8", newline="")
    model = fasttext.train_supervised(path, epoch=1, thread=1, verbose=0, loss="ova", minn=1, maxn=2)
    return sorted(model.labels), model.test(path, k=-1)[0]


found = {}
for task_id in sys.argv[4:]:
    rows = pd.read_parquet(folder / f"{task_id}.parquet")
    names = json.loads((folder / f"{task_id}.labels.json").read_text(encoding="utf-8"))["label_names"]
    lines = [line(text, labels, names) for text, labels in zip(rows["text"], rows["labels"])]
    found[task_id] = {
        "documented": tested(lines),
        "without a label for none": tested([own.removeprefix("__label__none ") for own in lines]),
    }
print(json.dumps(found))
"""


def test_a_line_has_several_labels_and_one_for_none(
    consume_sets: Callable[..., Any], exported_sets: Exported, tmp_path: Any
) -> None:
    found = consume_sets("fasttext", _SEVERAL, tmp_path, fasttext_code(), *(task.task_id for task in SEVERAL))
    for task in SEVERAL:
        labels, rows = found[task.task_id]["documented"]
        assert labels == sorted([*(f"__label__{number}" for number in range(len(task.labels))), "__label__none"])
        assert rows == len(exported_sets.sets(task.task_id))
        assert found[task.task_id]["without a label for none"][1] < rows
