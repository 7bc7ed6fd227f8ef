"""Deadlines: a call that takes too long is cancelled; a cancellation from outside stays one."""

import asyncio

import pytest

from synthetic_textcat.llm.deadlines import Deadlines


async def _after(seconds: float, result: str) -> str:
    await asyncio.sleep(seconds)
    return result


def test_a_call_in_time_gives_its_result() -> None:
    async def main() -> str:
        deadlines = Deadlines(1.0)
        try:
            return await deadlines.within(_after(0.01, "done"))
        finally:
            deadlines.close()

    assert asyncio.run(main()) == "done"


def test_only_the_late_one_of_several_calls_is_cancelled() -> None:
    async def main() -> list[str | BaseException]:
        deadlines = Deadlines(0.4)
        calls = (deadlines.within(_after(seconds, f"{seconds}")) for seconds in (0.01, 30.0, 0.02))
        try:
            return await asyncio.gather(*calls, return_exceptions=True)
        finally:
            deadlines.close()

    first, late, third = asyncio.run(main())
    assert (first, third) == ("0.01", "0.02")
    assert isinstance(late, TimeoutError)


def test_the_task_of_a_late_call_goes_on() -> None:
    async def main() -> str:
        deadlines = Deadlines(0.1)
        with pytest.raises(TimeoutError):
            await deadlines.within(_after(30.0, ""))
        result = await deadlines.within(_after(0.01, "the next call"))
        deadlines.close()
        return result

    assert asyncio.run(main()) == "the next call"


def test_a_cancellation_from_outside_stays_one() -> None:
    async def main() -> bool:
        deadlines = Deadlines(30.0)
        task = asyncio.create_task(deadlines.within(_after(30.0, "")))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        deadlines.close()
        return task.cancelled()

    assert asyncio.run(main())


def test_an_error_of_the_call_itself_is_its_end() -> None:
    async def fail() -> str:
        raise ValueError("its own")

    async def main() -> None:
        deadlines = Deadlines(30.0)
        with pytest.raises(ValueError, match="its own"):
            await deadlines.within(fail())
        deadlines.close()

    asyncio.run(main())
