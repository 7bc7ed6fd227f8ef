"""Candidates with rows for each kind of check, for tests that check them in several ways."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.rows import REQUESTS, to_frame
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.work_pool import WorkPool
from tests.llm.offline.rehearsal import rows as written_rows
from tests.pipelines.quality_report.builders import ROW, CheckedFrames, checked_tables, example_frame

_TASK = Task.model_validate({"task": "Sort a review.", "labels": ["good", "bad", "mixed"]})
_LANGUAGES = ("English", "German", "Japanese")
_SETTINGS = QualityReportParameters(flag_only=("label_not_as_planned",))


def checked_by(pool: WorkPool, rows: int) -> CheckedFrames:
    """Tables of some candidates, a part of which copy an earlier text, or copy it nearly; checked by a pool."""
    texts, dice = [row.text for row in written_rows(200)], random.Random(3)
    vocabulary = sorted({word for text in texts for word in text.split()})
    made = [_text(number, texts, vocabulary, dice) for number in range(rows)]
    row: Callable[..., dict[str, Any]] = partial(dict, ROW, task_id=_TASK.task_id)
    ids = [f"r{number:05}" for number in range(rows)]
    plan = to_frame((row(request_id=name, replicate=0, seed=1) for name in ids), REQUESTS)
    candidates = example_frame(
        row(request_id=name, input_text=text, language=_LANGUAGES[number % 3 if number % 7 == 0 else 0], label="mixed")
        for number, (name, text) in enumerate(zip(ids, made, strict=True))
    )
    return checked_tables(candidates, plan, pd.DataFrame([_TASK.to_row("file")]), _SETTINGS, pool=pool)


def _text(number: int, texts: list[str], vocabulary: list[str], dice: random.Random) -> str:
    if number % 5 == 0:
        return texts[number % len(texts)]
    words = ["Nobody", "told", "me", "that", *dice.choices(vocabulary, k=12)]
    if number % 5 == 1:
        words = texts[number % 40].split()
        words[-1] = str(number)
    return " ".join(words)
