"""A shard that asks a real server by the real client as fast as it may; run by the worker processes of a cluster."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from synthetic_textcat.llm.calls.policy import Call
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.llm.builders import call
from tests.llm.running import policy
from tests.support.model_classes import OPENAI_CLASS

RUN_ID = "run-7"


def is_ready() -> bool:
    """Makes a worker load what a shard needs, and a client, which takes seconds on a busy machine."""
    os.environ["OPENAI_API_KEY"] = "any-key-will-do"
    ChatModelSpec(OPENAI_CLASS, {"base_url": "http://127.0.0.1:9/v1"}).build(LlmParameters(model="served-1"))
    return True


def ask_until(end: float, shard: int, url: str, folder: Path, limits: dict[str, Any]) -> int:
    """Asks until a time of the wall clock; writes when each call began, and its tokens, to a file of its own.

    Returns:
        The process, for a test that kills it.
    """
    os.environ["OPENAI_API_KEY"] = "any-key-will-do"
    owner = f"shard-{shard}-{os.getpid()}"
    (folder / f"{owner}.pid").write_text(str(os.getpid()))
    from synthetic_textcat.fleet.meter_plugin import worker_link  # imports distributed

    llm = LlmParameters(model="served-1")
    spec = ChatModelSpec(OPENAI_CLASS, {"base_url": url})
    asked = replace(policy(**limits), deadline_s=spec.deadline_s)
    link = worker_link(RUN_ID, owner, str(shard), lost_after_s=30)
    with (folder / f"{owner}.txt").open("a", encoding="utf-8") as file:
        for batch in complete(lambda: Chat(spec.build(llm), llm), _calls(owner, end), asked, link):
            for line in batch:
                began = datetime.fromisoformat(line.created_at).timestamp() - line.latency_s
                print(began, line.tokens, file=file, flush=True)
    (folder / f"{owner}.waited").write_text(str(_waited_for_a_core_s()))
    return os.getpid()


def _waited_for_a_core_s() -> float:
    """Seconds for which threads of this process could run and had no core; 0 where the system does not say."""
    of_threads = Path("/proc/self/task").glob("*/schedstat")
    return sum(int(path.read_text().split()[1]) for path in of_threads) / 1e9


def _calls(owner: str, end: float) -> Iterator[Call]:
    number = 0
    while time.time() < end:
        number += 1
        yield call(f"{owner}-{number}")
