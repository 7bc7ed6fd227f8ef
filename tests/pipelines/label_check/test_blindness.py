"""The judge is blind: nothing that leaves the process, and no order of options, tells which label was planned."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from synthetic_textcat.hashing import short_id
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.pipelines.label_check.judge.nodes import ask_judge, find_open_verdicts, list_verdict_calls
from synthetic_textcat.schemas.label_verdicts import NONE_OF_THESE
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import GenerationParameters, LabelCheckParameters, LlmParameters
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from synthetic_textcat.tables import FrameTable
from tests.llm.offline.judging import SEED, template, verdict_prompts
from tests.support.model_classes import OFFLINE_CLASS, OPENAI_CLASS
from tests.support.server import FaultServer
from tests.support.server_host import ServerHost

CLOSED = Task.model_validate({"task": "Sort a mail.", "labels": {"work": "of a job", "home": "", "club": "of a team"}})
OPEN = Task.model_validate({"task": "Name the mood of a poem."})
PRICES = {"as_of": "2026-01-01", "usd_per_million_tokens": {}}
_ROWS = 4
COLUMNS = ["request_id", "task_id", "input_text", "label", "misleading_label"]
Pair = tuple[str, str]


@pytest.fixture(scope="module")
def server(server_host: ServerHost) -> Iterator[FaultServer]:
    with server_host.server() as running:
        yield running


def planned(closed: Pair, of_two: Pair) -> pd.DataFrame:
    """Rows of both tasks, all with these labels."""
    rows = [
        (short_id(SEED, task.task_id, number), task.task_id, f'The "bell" rang {number} times at sea.', *pair)
        for task, pair in ((CLOSED, closed), (OPEN, of_two))
        for number in range(_ROWS)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def sent(server: FaultServer, rows: pd.DataFrame, journal: Path) -> tuple[int, str]:
    """How many requests the judge got about these rows, and the hash of all their bytes."""
    server.reset()
    tasks = pd.DataFrame([task.to_row("file") for task in (CLOSED, OPEN)], columns=TASKS_ARROW_SCHEMA.names)
    writer = ChatModelSpec(OFFLINE_CLASS, {})
    judge = ChatModelSpec(OPENAI_CLASS, {"base_url": server.url, "max_retries": 0})
    llm, generation = LlmParameters(model=OFFLINE_MODEL), GenerationParameters()
    label_check = LabelCheckParameters.model_validate({"share": 1.0, "votes": 2, "llm": {"model": "judge-1"}})
    prompts, none_yet = verdict_prompts((CLOSED, OPEN)), Journal(journal)
    table = FrameTable(rows)
    calls = list_verdict_calls(table, prompts, writer, judge, llm, label_check)
    still_open = find_open_verdicts(table, tasks, calls, none_yet, generation, "run-1")
    batches = ask_judge(
        table,
        tasks,
        prompts,
        still_open,
        template("retry"),
        writer,
        judge,
        llm,
        label_check,
        generation,
        PRICES,
        none_yet,
        none_yet,
        "run-1",
        {},
    )
    assert all(completion.replied for batch in batches for completion in batch)
    stats = server.stats()
    return stats["requests"], stats["bodies_hash"]


def test_two_plans_that_differ_in_their_labels_only_ask_with_the_same_bytes(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    first = sent(server, planned(("work", "home"), ("grim", "gay")), tmp_path / "none")
    assert first[0] == 2 * 2 * _ROWS
    body: dict[str, Any] = server.stats()["last_body"]
    assert {"model", "messages", "seed", "response_format"} <= body.keys()
    assert "misleading" not in json.dumps(body)
    for closed in (("home", "work"), ("club", "home")):
        assert sent(server, planned(closed, ("gay", "grim")), tmp_path / "none") == first
    assert sent(server, planned(("work", "home"), ("grim", "glad")), tmp_path / "none") != first


@pytest.mark.parametrize("task", [CLOSED, OPEN], ids=["closed", "open"])
@pytest.mark.parametrize("vote", [1, 2])
def test_the_planned_label_stands_in_each_place_equally_often(task: Task, vote: int) -> None:
    label, other = task.label_names[:2] or ("grim", "gay")
    prompts = verdict_prompts((task,))
    places = {name: Counter[int]() for name in (label, other, NONE_OF_THESE)}
    options, rows = 4, 1_200
    for number in range(rows):
        row = {"request_id": short_id(SEED, task.task_id, number), "task_id": task.task_id, "input_text": "x"}
        listed = prompts.question({**row, "label": label, "misleading_label": other}, vote).options
        assert len(listed) == options
        for name, count in places.items():
            count[listed.index(name)] += 1
    for name, count in places.items():
        expected = rows / options
        chi_square = sum((count[place] - expected) ** 2 / expected for place in range(options))
        assert chi_square < 16.27, (name, count)  # 3 degrees, 0.001
