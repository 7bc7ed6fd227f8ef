"""Rows of templates and of small models say so, by the name of the model alone."""

from synthetic_textcat.schemas.outcomes import BANNER, OFFLINE_MODEL, TEMPLATE_JUDGE
from synthetic_textcat.schemas.writers import judge_note, parameters_of, writer_note
from tests.support.each_case import each_of


@each_of(
    ("model", "parameters"),
    [
        ("SmolLM2-135M-Instruct.Q4_1", 135_000_000),
        ("gemma-3-270m-it", 270_000_000),
        ("qwen2.5:0.5b", 500_000_000),
        ("Qwen3-30B-A3B", 30_000_000_000),
        ("Qwen2.5-7B-Instruct-1M", 7_000_000_000),
        ("some-model-1m", None),
        ("gpt-4o-mini", None),
        ("mixtral-8x7b", None),
        ("llama-3.2", None),
        ("", None),
    ],
)
def test_the_size_of_a_model_is_read_from_its_name(model: str, parameters: int | None) -> None:
    assert parameters_of(model) == parameters


def test_templates_and_small_models_have_a_note_and_others_none() -> None:
    small = writer_note(["SmolLM2-135M-Instruct", "a-7b", "qwen2.5:0.5b"])

    assert writer_note([OFFLINE_MODEL]) == BANNER
    assert small == (
        "Written by a language model of 135M and 500M parameters: for meeting a real model, not for training."
    )
    assert writer_note(["a-7b", "gpt-4o-mini"]) is None
    assert writer_note([]) is None
    assert writer_note([OFFLINE_MODEL, "x-135m"]) == f"{BANNER} {small.replace(' and 500M', '')}"


def test_verdicts_of_templates_have_a_note_and_others_none() -> None:
    assert judge_note([OFFLINE_MODEL, "a-7b"]) == TEMPLATE_JUDGE
    assert judge_note(["a-7b"]) is None
