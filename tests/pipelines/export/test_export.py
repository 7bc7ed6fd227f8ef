"""What trainers and the hub read."""

from typing import Any

import pytest
import yaml

from synthetic_textcat.pipelines.export.nodes import export_rows, export_triplets, write_card
from synthetic_textcat.schemas.languages import languages
from synthetic_textcat.schemas.offline_banner import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, LlmParameters
from synthetic_textcat.schemas.rows import EXAMPLES
from tests.pipelines.quality_report.builders import example_frame, ledger


def _card(rows: list[dict[str, Any]], model: str = "gpt", **sampling: Any) -> str:
    parameters = AttributeSamplingParameters.model_validate(sampling)
    account: dict[str, Any] = {**ledger()}
    return write_card(example_frame(rows), account, {}, LlmParameters(model=model), 42, parameters)


def _head(card: str) -> dict[str, Any]:
    start, head, _ = card.split("---\n", 2)
    assert start == ""
    parsed = yaml.safe_load(head)
    assert isinstance(parsed, dict)
    return parsed


def test_triplets_have_exactly_their_columns_in_order() -> None:
    frame = export_triplets(example_frame([{}, {"input_text": "Hm.\nWell.", "label": "mixed"}]))
    assert list(frame.columns) == ["anchor", "positive", "negative"]
    assert list(frame.itertuples(index=False, name=None)) == [
        ("Instruct: Sort a review.\nQuery: They forgot the sauce.", "bad", "good"),
        ("Instruct: Sort a review.\nQuery: Hm.\nWell.", "mixed", "good"),
    ]


def test_no_examples_are_no_triplets_with_the_same_columns() -> None:
    frame = export_triplets(example_frame([]))
    assert frame.empty
    assert list(frame.columns) == ["anchor", "positive", "negative"]


def test_the_rows_are_the_examples() -> None:
    rows = export_rows(example_frame([{}]))
    assert list(rows.columns) == list(EXAMPLES)


def test_the_head_of_the_card_is_yaml_that_the_hub_knows() -> None:
    head = _head(_card([{}, {"language": "German"}, {"language": "Chinese (Simplified)"}]))
    assert head["language"] == ["de", "en", "zh"]
    assert head["multilinguality"] == ["multilingual"]
    assert head["size_categories"] == ["n<1K"]
    assert "synthetic" in head["tags"]
    assert head["configs"][0]["data_files"] == [{"split": "train", "path": "data/default.parquet"}]


def test_the_card_tells_the_account_and_the_models() -> None:
    card = _card([{"model_name": "gpt-b"}, {"model_name": "gpt-a"}], language=["en", "de"], clarity=None)
    assert "- Written by: gpt-a, gpt-b\n" in card
    assert "- Plan: seed 42, 10 rows\n" in card
    assert "- clarity: drawn evenly\n" in card
    assert "| accepted | 6 |\n| rejected: label_leaked | 2 |\n| failed: invalid_json | 1 |\n| not run | 1 |\n" in card


@pytest.mark.parametrize(
    ("rows", "model"), [([{"model_name": OFFLINE_MODEL}], OFFLINE_MODEL), ([{"model_name": OFFLINE_MODEL}], "gpt")]
)
def test_data_of_templates_carries_the_banner(rows: list[dict[str, Any]], model: str) -> None:
    assert BANNER in _card(rows, model)


def test_data_of_a_model_carries_no_banner() -> None:
    assert BANNER not in _card([{}])


@pytest.mark.parametrize(("model", "banner"), [(OFFLINE_MODEL, True), ("gpt", False)])
def test_a_card_without_examples_is_whole(model: str, banner: bool) -> None:
    card = _card([], model)
    assert _head(card)["language"] == ["en"]
    assert f"- Written by: {model}\n" in card
    assert (BANNER in card) is banner


@pytest.mark.parametrize("name", [language.name for language in languages()])
def test_every_language_has_its_code_in_the_card(name: str) -> None:
    (code,) = _head(_card([{"language": name}]))["language"]
    assert isinstance(code, str)
    assert 2 <= len(code) <= 3
