"""Each export with several labels a text has the rows that it was made of, by pandas, Arrow and json."""

from pathlib import Path

import pandas as pd

from tests.pipelines.export.written import written
from tests.support.label_set_proof import check
from tests.support.label_set_rows import MOOD, ROUTING, example_rows


def test_each_export_teaches_a_linear_model_the_same(tmp_path: Path) -> None:
    made = example_rows(400, seed=1, tasks=(ROUTING, MOOD))
    made.loc[[0, 1], "input_text"] += "\n__label__0 marks a label for fastText"
    places = ["train"] * 8 + ["validation", "test", None]
    splits = pd.Series([places[number % 11] for number in range(400)], dtype="str")
    written(tmp_path, made, splits, (ROUTING, MOOD))
    other = example_rows(200, seed=7, tasks=(ROUTING,))
    tested = dict(zip(other["input_text"], other["labels"], strict=True))
    assert check(tmp_path, made, splits, tested, ROUTING, trained=1) > 0.9
