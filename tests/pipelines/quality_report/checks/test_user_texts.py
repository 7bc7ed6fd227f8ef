"""Texts that users wrote pass every check of texts, next to the prompts of every shipped task."""

from functools import cache
from pathlib import Path

import pytest
import yaml

from synthetic_textcat.pipelines.quality_report.checks.row_checks import ROW_CHECKS, known_of
from synthetic_textcat.schemas.block import TextChecks
from tests.llm.offline.rehearsal import tasks
from tests.pipelines.quality_report.builders import candidate
from tests.pipelines.quality_report.checks.row_prompts import instructions

_FILE = Path(__file__).with_name("user_texts.yml")


@cache
def _texts() -> dict[str, list[str]]:
    texts: dict[str, list[str]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return texts


def test_there_are_200_texts_in_six_languages() -> None:
    assert sum(map(len, _texts().values())) >= 200
    assert len(_texts()) == 6


@pytest.mark.parametrize("reason", TextChecks.model_fields)
def test_texts_of_users_pass(reason: str) -> None:
    task_facts = [known_of(task, None, instructions()) for task in tasks()]
    rejected = {
        text: detail
        for language, texts in _texts().items()
        for number, text in enumerate(texts)
        if (
            detail := ROW_CHECKS[reason](
                candidate(input_text=text, language=language, known=task_facts[number % len(task_facts)])
            )
        )
    }
    assert rejected == {}
