"""What a user would write by hand: AsyncOpenAI, a semaphore, pydantic; nothing on disk. Prints one line of JSON."""

import asyncio
import json
import sys
from time import perf_counter
from typing import Any

import uvloop
from openai import AsyncOpenAI, DefaultAioHttpClient

from benchmarks.clients.usage import usage
from benchmarks.clients.workload import MODEL, load_tasks, plan, row_prompts
from synthetic_textcat.llm.prompts.messages import wire_form
from synthetic_textcat.schemas.completions import Reply


def _client(transport: str) -> AsyncOpenAI:
    return AsyncOpenAI(http_client=DefaultAioHttpClient()) if transport.startswith("aiohttp") else AsyncOpenAI()


async def _ask_all(bodies: list[dict[str, Any]], concurrency: int, transport: str) -> int:
    client = _client(transport)
    slots = asyncio.Semaphore(concurrency)

    async def ask(body: dict[str, Any]) -> bool:
        async with slots:
            reply = await client.chat.completions.create(**body)
        return bool(Reply.model_validate_json(reply.choices[0].message.content or ""))

    good = sum(await asyncio.gather(*(ask(body) for body in bodies)))
    await client.close()
    return good


def main(rows: int, concurrency: int, transport: str) -> None:
    """Makes the calls of the same rows; rendering is done beforehand, in the SDK's favour.

    Args:
        rows: How many.
        concurrency: Calls in flight.
        transport: `default`, `aiohttp`, or `aiohttp+uvloop`.
    """
    tasks = load_tasks()
    requests = plan(tasks, rows)
    bodies = [
        {
            "model": MODEL,
            "messages": wire_form(asked.messages),
            "temperature": 1.0,
            "top_p": 1.0,
            "seed": asked.row["seed"],
            "response_format": {"type": "json_schema", "json_schema": asked.schema},
        }
        for asked in row_prompts(requests, tasks).rendered(requests)
    ]
    _client(transport)  # imports what it needs, as ours does
    before, begun = usage(), perf_counter()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if transport.endswith("uvloop") else None) as runner:
        good = runner.run(_ask_all(bodies, concurrency, transport))
    seconds, after = perf_counter() - begun, usage()
    print(json.dumps({"good": good, "seconds": seconds, **after, "cpu_s": after["cpu_s"] - before["cpu_s"]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
