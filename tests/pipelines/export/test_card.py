"""What a stranger reads first, and what the hub reads."""

from typing import Any

import pandas as pd
import pytest
import yaml

from synthetic_textcat.schemas.languages import languages
from synthetic_textcat.schemas.outcomes import BANNER, OFFLINE_MODEL, TEMPLATE_JUDGE
from synthetic_textcat.schemas.publications import TAG, task_config
from synthetic_textcat.schemas.run_records import prompt_sha256
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.export.builders import PROMPTS, TASK, card


def _head(text: str) -> dict[str, Any]:
    start, head, _ = text.split("---\n", 2)
    assert start == ""
    parsed = yaml.safe_load(head)
    assert isinstance(parsed, dict)
    return parsed


def test_the_head_is_one_that_the_hub_knows() -> None:
    from huggingface_hub import DatasetCard, DatasetCardData

    text = card([{}, {"language": "German"}, {"language": "Chinese (Simplified)"}])
    read: Any = DatasetCard(text)
    head = read.data.to_dict()
    assert isinstance(read.data, DatasetCardData)
    assert head == _head(text)
    assert head["size_categories"] == ["n<1K"]
    assert head["language"] == ["de", "en", "zh"]
    assert head["multilinguality"] == ["multilingual"]
    assert head["annotations_creators"] == head["language_creators"] == ["machine-generated"]
    assert head["task_categories"] == ["text-classification", "sentence-similarity"]
    assert "synthetic" in head["tags"]


def test_there_is_a_config_for_each_view_with_the_splits_that_have_rows() -> None:
    configs = {entry["config_name"]: entry["data_files"] for entry in _head(card([{}] * 3))["configs"]}
    assert list(configs) == ["default", "triplet", "text-label", task_config("t0")]
    assert configs["triplet"] == [
        {"split": "train", "path": "data/triplet-train.parquet"},
        {"split": "test", "path": "data/triplet-test.parquet"},
    ]


def test_it_tells_the_account_the_models_the_prompts_and_the_shares() -> None:
    rows = [{"model_name": "gpt-b"}, {"model_name": "gpt-a", "clarity": "ambiguous"}]
    text = card(rows, planned=rows * 5, language=["en", "de"], clarity=None)
    assert "- Written by: `gpt-a`, `gpt-b`\n" in text
    assert "- Plan: seed 42, 10 rows of 1 tasks,\n  0 of them brainstormed by a model, 1 with a closed set" in text
    assert "| accepted | 6 |\n| rejected: label_leaked | 2 |\n| failed: invalid_json | 1 |\n| not run | 1 |\n" in text
    assert "| `clarity` | `ambiguous` | 5 | 50.0 % | 1 | 50.0 % |\n" in text
    assert "| train | 1 |\n| validation | 0 |\n| test | 2 |\n| left out | 0 |\n" in text
    assert f"| closed_prompt | 7 | `{prompt_sha256(PROMPTS[0])}` |\n" in text
    assert f"| open_prompt | not recorded | `{prompt_sha256(PROMPTS[1])}` |\n" in text
    for words in ("machine-generated", 'batch_sampler="no_duplicates"', "`TripletLoss`", "## Licence"):
        assert words in text


def test_it_tells_what_was_planned_and_not_a_parameter_that_tasks_or_a_quota_overrule() -> None:
    planned = [{"language": name} for name in ["German"] * 5 + ["English"] * 3 + ["Turkish"] * 2]
    text = card([{"language": "German"}, {"language": "English"}], planned=planned, language="English")
    assert "| `language` | `German` | 5 | 50.0 % | 1 | 50.0 % |\n" in text
    assert "| `language` | `Turkish` | 2 | 20.0 % | 0 | 0.0 % |\n" in text
    for parameter in ("num_examples", "target_accepted", "max_rounds", "language: ", "surplus"):
        assert parameter not in text.split("---\n", 2)[2]


def test_shares_of_an_attribute_that_only_some_tasks_have_are_of_rows_that_have_it() -> None:
    text = card([{}] * 5, own={"tone": ["calm", "angry", "angry", None, None]})
    assert "| `tone` | `angry` | 2 | 66.7 % | 2 | 66.7 % |\n" in text
    assert "| `tone` | `calm` | 1 | 33.3 % | 1 | 33.3 % |\n" in text


def test_a_quota_is_told_with_its_surplus() -> None:
    text = card([{}], counts={"surplus": 3, "accepted": 3}, target_accepted=26, per=["task", "label"])
    assert "- target_accepted: `26`\n- per: `[task, label]`\n- max_rounds: `20`\n" in text
    assert "| surplus: accepted beyond the quota, not exported | 3 |\n" in text
    assert "num_examples" not in text


def test_proportions_of_a_quota_are_told_as_the_parameters_file_has_them() -> None:
    text = card([{}], target_accepted=6, per={"label": None, "language": {"German": 3, "English": 2}})
    assert "- per: `{label: all, language: {German: 3.0, English: 2.0}}`\n" in text


_JUDGED = {
    "rows": 80,
    "share": 0.4,
    "agreement": 0.9,
    "low": 0.815,
    "high": 0.948,
    "judges": ["judge|1"],
    "is_writer": False,
    "rejected": 0,
}


def test_it_tells_how_many_labels_were_checked_and_by_whom() -> None:
    text = card([{}] * 2, label_facts={"judged": _JUDGED, "by_hand": None})
    assert "80 of 2 rows (40.0%) were checked blind by `judge 1`" in text
    assert "agrees with 90.0% of the labels (95 % interval 81.5% to 94.8%).\n" in text
    assert "agrees with itself" not in text
    assert "left out since it disputed" not in text
    assert "No person wrote or checked them." in text
    own = card([{}], label_facts={"judged": {**_JUDGED, "is_writer": True, "rejected": 3}, "by_hand": None})
    assert "It is the model that wrote the rows, and a model agrees with itself.\n" in own
    assert "3 more rows were left out since it disputed their label" in own
    rehearsed = card([{}], label_facts={"judged": {**_JUDGED, "note": TEMPLATE_JUDGE}, "by_hand": None})
    assert TEMPLATE_JUDGE in rehearsed


def test_it_tells_the_accuracy_by_hand_with_and_without_a_judge() -> None:
    by_hand = {"accuracy": 0.908, "low": 0.848, "high": 0.95, "rows": 98.0}
    alone = card([{}], label_facts={"judged": None, "by_hand": by_hand})
    assert "Label accuracy, from 98 rows labelled by hand: 90.8% (95 % interval 84.8% to 95.0%).\n" in alone
    assert "No person wrote them." in alone
    both = card([{}], label_facts={"judged": _JUDGED, "by_hand": by_hand})
    assert "94.8%).\n\nLabel accuracy, from 98 rows labelled by hand and the judge: 90.8%" in both


def test_without_verdicts_it_tells_nothing_of_them() -> None:
    text = card([{}])
    for word in ("judge", "by hand", "label_agreement", "How many labels"):
        assert word not in text


def test_the_agreement_is_a_feature_where_it_is_a_column() -> None:
    text = card([{}, {}], agreements=[True, None])
    (info,) = _head(text)["dataset_info"]
    assert info["features"][2] == {"name": "label_agreement", "dtype": "bool"}
    assert "`label_agreement` (also in `text-label`" in text


def test_a_quota_is_compared_with_its_own_mix_not_with_rows_planned_again() -> None:
    planned = [{"language": name} for name in ["German"] * 9 + ["English"]]
    slots = pd.DataFrame({"language": ["German", "English"]})
    text = card([{"language": "German"}, {"language": "English"}], planned=planned, quota_slots=slots)
    assert "| attribute | value | rows of the quota | share | rows here | share |" in text
    assert "| `language` | `German` | 1 | 50.0 % | 1 | 50.0 % |\n" in text


def test_a_licence_is_named_only_where_the_author_chose_one() -> None:
    assert "license" not in _head(card([{}]))
    assert "None is set here. The terms" in card([{}])
    text = card([{}], licence="cc-by-4.0")
    assert _head(text)["license"] == "cc-by-4.0"
    assert "`cc-by-4.0`, as stated by the author. The terms" in text


def test_a_hub_finds_whose_card_it_is() -> None:
    assert TAG in _head(card([{}]))["tags"]


def test_it_shows_metrics_that_are_known_and_of_no_single_task() -> None:
    text = card([{}])
    assert "| `yield/all` | 0.5 |\n| `diversity/vendi` | 12.35 |\n" in text
    assert "yield/task" not in text
    assert "rows/planned" not in text
    assert "cost/" not in text


def test_it_tells_what_its_configuration_and_the_whole_history_cost_but_not_the_last_run() -> None:
    text = card([{}])
    assert "| this configuration | 12 | 1,234 | USD 0.50 | calls with the prompt, model and settings" in text
    assert "| an accepted row | 2.00 | 206 | USD 0.083 | this configuration / accepted rows |\n" in text
    assert "| whole history | 30 | 3,456 | unknown (no price) | calls ever made for the planned rows" in text
    assert "this run |" not in text


def test_another_prompt_has_another_hash() -> None:
    hashes = [prompt_sha256(prompt) for prompt in PROMPTS]
    assert len(set(hashes)) == len(hashes)
    assert all(len(found) == 64 for found in hashes)


@pytest.mark.parametrize(
    ("rows", "model"), [([{"model_name": OFFLINE_MODEL}], OFFLINE_MODEL), ([{"model_name": OFFLINE_MODEL}], "gpt")]
)
def test_data_of_templates_carries_the_banner(rows: list[dict[str, Any]], model: str) -> None:
    assert BANNER in card(rows, model)


def test_data_of_a_model_carries_no_banner() -> None:
    assert BANNER not in card([{}])


@pytest.mark.parametrize(("model", "banner"), [(OFFLINE_MODEL, True), ("gpt", False)])
def test_a_card_without_examples_is_whole(model: str, banner: bool) -> None:
    text = card([], model)
    assert _head(text)["language"] == ["en"]
    assert f"- Written by: `{model}`\n" in text
    assert (BANNER in text) is banner


_WILD = "<script>alert(1)</script> [x](http://evil)\n# Heading\n---\n| a | b |"


def test_no_row_gets_into_it_and_no_markup() -> None:
    assert card([{"input_text": _WILD, "label": _WILD, "misleading_label": _WILD}]) == card([{}])
    assert _WILD not in card([{"model_name": _WILD, "task": _WILD}])


def test_each_task_with_rows_has_a_config_that_declares_its_labels_in_their_order() -> None:
    names = ["no", "1", "null", "2024-01-01", "a: b # c", 'say "x"', "back\\slash", "\u2028\x7f\x85 é 😀", "x" * 200]
    task = Task.model_validate({"task": "Sort a note.", "labels": names})
    text = card([{"task_id": task.task_id, "task": task.task}, {}, {}], tasks=[task])
    open_config, closed = sorted([task_config("t0"), task_config(task.task_id)], key=lambda name: name != "task-t0")
    head = _head(text)
    infos = {entry["config_name"]: entry["features"] for entry in head["dataset_info"]}
    plain = {"name": "text", "dtype": "string"}
    assert infos[open_config] == [plain, {"name": "label", "dtype": "string"}]
    numbered = {str(number): name for number, name in enumerate(task.label_names)}
    assert infos[closed] == [plain, {"name": "label", "dtype": {"class_label": {"names": numbered}}}]
    files = {entry["config_name"]: entry["data_files"] for entry in head["configs"]}
    assert files[open_config] == [{"split": "test", "path": "data/task-t0-test.parquet"}]
    assert f"| `{closed}` | `Sort a note.` | 9 | 1 |\n" in text
    assert f"| `{open_config}` | `Sort a review.` | open | 2 |\n" in text


def test_every_language_has_its_code_in_the_card() -> None:
    names = [language.name for language in languages()]
    codes = _head(card([{"language": name} for name in names]))["language"]
    assert len(codes) >= 90  # fewer than names: some differ in their script alone
    assert all(isinstance(code, str) and 2 <= len(code) <= 3 for code in codes), codes


_SEVERAL = Task.model_validate({"task": "Mark a review.", "labels": ["a: b", "NA", "c"], "labels_per_text": [0, 2]})


def test_several_labels_a_text_are_in_the_head_and_explained() -> None:
    rows = [
        {"task_id": _SEVERAL.task_id, "task": _SEVERAL.task, "label": None, "labels": labels}
        for labels in (("NA",), ("a: b", "c"), ())
    ]
    alone = card(rows, tasks=(_SEVERAL,), report={"export/rows_of_no_label": 1})
    head = _head(alone)
    assert head["task_ids"] == ["multi-label-classification"]
    (info,) = head["dataset_info"]
    assert info["features"] == [
        {"name": "text", "dtype": "string"},
        {"name": "labels", "sequence": {"class_label": {"names": {"0": "a: b", "1": "NA", "2": "c"}}}},
        {"name": "multi_hot", "sequence": "int64", "length": 3},
    ]
    assert "(1 of all rows)" in alone
    assert "| 3, several a text | 3 |" in alone
    assert "| `task-...` of a task" in alone
    assert "| `task-...` |" not in alone
    mixed = card([*rows, {"task_id": TASK.task_id, "task": TASK.task}], tasks=(_SEVERAL, TASK))
    assert _head(mixed)["task_ids"] == ["multi-label-classification", "multi-class-classification"]
    single = card([{}] * 3)
    assert "task_ids" not in _head(single)
    assert "several" not in single
