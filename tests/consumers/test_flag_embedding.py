"""FlagEmbedding: `query_instruction_format`, and any `query_instruction_for_retrieval`, for the field `prompt`."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.consumers.conftest import Exported
from tests.consumers.hard_label_sets import ONE
from tests.consumers.hard_rows import DATES

_SCRIPT = """
import json, sys
from FlagEmbedding.abc.finetune.embedder import AbsEmbedderDataArguments, AbsEmbedderTrainDataset


def rows(path, **settings):
    settings = AbsEmbedderDataArguments(train_data=[path], train_group_size=2, cache_path=sys.argv[2], **settings)
    dataset = AbsEmbedderTrainDataset(settings, None)
    read = (dataset[place] for place in range(len(dataset)))
    return [[str(query), *map(str, passages)] for query, passages, _ in read]


path = f"{sys.argv[1]}/flag_embedding.jsonl"
some = {"query_instruction_for_retrieval": "that of each row"}
found = {
    "documented": rows(path, **some, query_instruction_format="Instruct: {}\\nQuery: {}"),
    "without a format": rows(path, **some),
    "without an instruction": rows(path),
}
dates = f"{sys.argv[2]}/dates.jsonl"
with open(path, encoding="utf-8") as lines, open(dates, "w", encoding="utf-8") as own:
    own.writelines(line for line in lines if json.loads(line)["prompt"] == sys.argv[3])
found["dates"] = rows(dates)
print(json.dumps(found))
"""


@pytest.fixture
def found(consume: Callable[..., Any], tmp_path: Any) -> Any:
    return consume("flag_embedding", _SCRIPT, tmp_path, DATES.task)


def test_every_value_is_read_and_the_query_is_as_the_anchor(found: Any, exported: Exported) -> None:
    rows = exported.examples
    anchors = "Instruct: " + rows["task"] + "\nQuery: " + rows["input_text"]
    assert found["documented"] == rows.assign(a=anchors)[["a", "label", "misleading_label"]].to_numpy().tolist()


def test_by_default_the_prompt_is_ignored_or_has_no_separator(found: Any, exported: Exported) -> None:
    text, task = exported.examples[["input_text", "task"]].iloc[0]
    assert found["without an instruction"][0][0] == text
    assert found["without a format"][0][0] == task + text


def test_labels_that_are_all_dates_are_no_texts(found: Any, exported: Exported) -> None:
    assert found["dates"][0][1] == f"{exported.pairs(DATES.task_id)[0][1]} 00:00:00"


def test_of_several_positives_one_is_drawn(
    consume_sets: Callable[..., Any], exported_sets: Exported, tmp_path: Any
) -> None:
    found = consume_sets("flag_embedding", _SCRIPT, tmp_path, ONE.task)["documented"]
    rows = exported_sets.examples[exported_sets.examples["labels"].map(len) > 0]
    assert [query.partition("\nQuery: ")[2] for query, _, _ in found] == rows["input_text"].tolist()
    for (_, positive, negative), labels, other in zip(found, rows["labels"], rows["misleading_label"], strict=True):
        assert positive in labels
        assert negative == other
