"""Small cells: each keeps its mix to within a row, all together may not; said before a row is paid for."""

import logging
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_rounds
from synthetic_textcat.pipelines.attribute_sampling.quota_slots import QuotaSlots
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, LlmParameters
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from tests.support.examples import cases
from tests.support.model_classes import OFFLINE_CLASS

_LANGUAGES = {"German": 3, "English": 2, "Turkish": 1}
_TASKS = [
    Task.model_validate({"task": f"Sort by {count}.", "labels": [f"{count} {n}" for n in range(count)]})
    for count in (14, 3, 60)
]
_TABLE = pd.DataFrame([task.to_row("file") for task in _TASKS], columns=TASKS_ARROW_SCHEMA.names)
_SEED = 3
"""With which the draws of the small cells add up to an uneven mix."""
_FIXED = {"difficulty": "PhD", "clarity": "clear", "num_words": "at least 10"}


def _sampling(target: int, **others: Any) -> AttributeSamplingParameters:
    return AttributeSamplingParameters.model_validate(
        {"target_accepted": target, "per": ["task", "label"], "language": _LANGUAGES, **_FIXED, **others}
    )


@pytest.mark.parametrize("per", cases([{"task": "all", "label": "all", "language": _LANGUAGES}, ["task", "label"]], 2))
def test_a_target_that_the_shares_divide_has_the_mix_exactly_and_a_smaller_one_may_not(per: Any) -> None:
    offs = {target: list(QuotaSlots(_TABLE, _sampling(target, per=per), _SEED).mix_off(target)) for target in (3, 6)}
    assert offs[6] == []
    [off] = offs[3]
    assert (off.column, off.value, off.multiple, off.all_slots) == ("language", "Turkish", 6, 231)
    slots = QuotaSlots(_TABLE, _sampling(3, per=per), _SEED).table(3)
    assert off.slots == (slots["language"] == "Turkish").sum()
    assert off.wanted == pytest.approx(231 / 6)
    assert abs(off.slots / off.wanted - 1) > 0.1


def test_it_is_reported_once_with_the_next_step(caplog: pytest.LogCaptureFixture) -> None:
    asked = (ChatModelSpec(OFFLINE_CLASS), LlmParameters(model=OFFLINE_MODEL))
    with caplog.at_level(logging.WARNING, "synthetic_textcat"):
        rounds = plan_rounds(_TABLE, _sampling(3), _SEED, None, None, *asked)
        plan_rounds(_TABLE, _sampling(3), _SEED, rounds, None, *asked)
    [record] = caplog.records
    assert record.getMessage().startswith("Turkish (language) has 18.6% of all rows, not 16.7%")
    assert "attribute_sampling.target_accepted to 6 or a multiple of it, or name fewer columns" in record.getMessage()


def test_a_task_with_its_own_choice_is_no_fault_of_the_mix() -> None:
    own = Task.model_validate({**_TASKS[2].model_dump(exclude_defaults=True), "language": "Turkish"})
    table = pd.DataFrame([task.to_row("file") for task in (*_TASKS[:2], own)], columns=TASKS_ARROW_SCHEMA.names)
    assert list(QuotaSlots(table, _sampling(6), _SEED).mix_off(6)) == []


def test_an_attribute_that_other_tasks_lack_is_no_fault_of_the_mix() -> None:
    own = Task.model_validate({**_TASKS[0].model_dump(exclude_defaults=True), "extra": {"tone": ["calm", "angry"]}})
    table = pd.DataFrame([task.to_row("file") for task in (own, *_TASKS[1:])], columns=TASKS_ARROW_SCHEMA.names)
    slots = QuotaSlots(table, _sampling(6), _SEED)
    assert slots.table(6)["tone"].isna().sum() == (3 + 60) * 6
    assert list(slots.mix_off(6)) == []
