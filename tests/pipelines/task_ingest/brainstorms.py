"""Brainstormings with a scripted model, through the engine and a real journal."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.llm.calls.budget import Budget
from synthetic_textcat.llm.calls.policy import CallPolicy, RetryPolicy, judging, retry_conversation
from synthetic_textcat.llm.engine.interview import Interview
from synthetic_textcat.llm.journal.journal import Journal, completion_line
from synthetic_textcat.pipelines.task_ingest.brainstorm.nodes import BrainstormPlan, CollectedTasks, collect_tasks
from synthetic_textcat.schemas.completions import Completion, TaskList
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters, TaskIngestParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.tasks import Task
from tests.support.chat_models import Script, ScriptedChatModel

LLM = LlmParameters(model="m", temperature=None, top_p=None)
PROMPT = ChatPromptTemplate([("user", "Think of {num_tasks} tasks.\nField: {domain}\nFound:\n{found}")])
LABEL_PROMPT = ChatPromptTemplate([("user", "Propose labels for: {task}")])
RETRY = ChatPromptTemplate([("user", "{problem}")])
DOMAINS = [f"field {letter}" for letter in "ABCDEFGHIJKL"]
PRICES: dict[str, Any] = {"as_of": "2026-01-01", "usd_per_million_tokens": {}}


def plan(file: Sequence[str] = (), seed: int = 42, max_attempts: int = 2, **settings: Any) -> BrainstormPlan:
    """A plan of rounds of four calls for two tasks each, unless the settings say otherwise."""
    usual = {"num_brainstormed": 10, "tasks_per_call": 2, "brainstorm_round": 4, "max_calls": 12}
    task_ingest = TaskIngestParameters.model_validate({**usual, **settings})
    return BrainstormPlan(seed, task_ingest, DOMAINS, list(file), PROMPT, LABEL_PROMPT, LLM, ["x"], max_attempts)


def domain_in(messages: Sequence[BaseMessage]) -> str:
    """The letter of the domain that a prompt names; nothing in a prompt for labels."""
    found = re.search(r"^Field: field (\w)$", str(messages[0].content), re.MULTILINE)
    return found[1] if found else ""


def found_in(messages: Sequence[BaseMessage]) -> list[str]:
    """The tasks that a prompt shows."""
    return re.findall(r"^- (.+)$", str(messages[0].content), re.MULTILINE)


THINGS = dict(
    zip(
        "ABCDEFGHIJKL",
        [
            "apples",
            "bridges",
            "candles",
            "doors",
            "engines",
            "fish",
            "gloves",
            "hats",
            "inks",
            "jars",
            "kites",
            "lamps",
        ],
        strict=True,
    )
)


def two_tasks(messages: Sequence[BaseMessage], _number: int) -> str:
    """The script of a model that thinks of two tasks of the domain, and of two labels for any task."""
    if letter := domain_in(messages):
        thing = THINGS[letter]
        return json.dumps({"tasks": [f"Sort notes on {thing} by owner.", f"Tell the price range of {thing}."]})
    labels = [{"name": name, "description": f"It is {name}."} for name in ("one", "two")]
    return json.dumps({"labels": labels})


class Brainstorm:
    """A journal on disk, and the two nodes that work with it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.jsonl"
        self.model = ScriptedChatModel()

    def ask(
        self,
        asked: BrainstormPlan,
        script: Script = two_tasks,
        delay_s: float | Callable[[int], float] = 0.0,
        **limits: Any,
    ) -> list[Completion]:
        """Makes the calls that are open, and journals them as they come."""
        generation = GenerationParameters(max_attempts=asked.max_attempts, **limits)
        budget = Budget(generation, PriceList.read(PRICES), "m")
        policy = CallPolicy(
            judging(TaskList), retry_conversation(RETRY), generation, budget, "run-1", RetryPolicy(max_retries=0)
        )
        self.model = ScriptedChatModel(script=script, delay_s=delay_s)
        interview = Interview(asked.conversation(), Journal(self.path), asked.max_attempts)
        made: list[Completion] = []
        for batch in interview.hold(self.model.as_chat, policy):
            with self.path.open("ab") as file:
                file.writelines(map(completion_line, batch))
            made += batch
        return made

    def collect(self, asked: BrainstormPlan) -> CollectedTasks:
        """The tables."""
        return collect_tasks([Task(task=sentence) for sentence in asked.file], asked, Journal(self.path), {})

    def tasks(self, asked: BrainstormPlan) -> list[str]:
        """The sentences that were thought of."""
        tasks = self.collect(asked).tasks
        return list(tasks["task"][tasks["source"] == "brainstorm"])
