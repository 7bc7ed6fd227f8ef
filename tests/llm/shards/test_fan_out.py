"""A plan in shards: the rows of one machine, each paid for once, whatever happens to the workers."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synthetic_textcat.errors import JournalError, ShardLostError
from synthetic_textcat.interrupts import interrupt
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.shards.shard_run import ShardResult, ShardTask
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.stops import LastBatch
from synthetic_textcat.schemas.worker_counts import ReportBatch, WorkerCounts
from synthetic_textcat.work_pool import LostWorkerError
from tests.llm.builders import BAD, completion, write_journal
from tests.llm.shards.sharded_plan import KilledError, ShardedPlan, ThreadWorkers, good_texts
from tests.support.examples import cases
from tests.support.model_classes import OPENAI_CLASS
from tests.support.server import FaultServer


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The texts of a run in one process."""
    plan = ShardedPlan(tmp_path_factory.mktemp("alone"))
    list(plan.ask(None))
    return good_texts(plan.lines())


def _after(saves: int, action: Callable[[], None]) -> Callable[[ShardTask, WorkerCounts], None]:
    """Does something after so many saves of all workers, once."""
    left = [saves]

    def watch(_task: ShardTask, _counts: WorkerCounts) -> None:
        left[0] -= 1
        if left[0] == 0:
            action()

    return watch


def _killing_once() -> Callable[[ShardTask, WorkerCounts], None]:
    """Kills the first worker that has saved some rows of its shard, and not yet half of them."""
    killed: list[int] = []

    def watch(task: ShardTask, counts: WorkerCounts) -> None:
        if 0 < counts.calls < 6 and not killed:
            killed.append(task.shard)
            raise KilledError

    return watch


def _interrupt() -> None:
    assert interrupt()


_SLOWLY = {"requests_per_minute": 1_500}
"""Some saves a shard: the offline model alone would answer all its rows before the first one."""


@pytest.mark.parametrize("slots", cases([3, 1], 2))
def test_workers_give_what_one_process_gives(slots: int, alone: dict[str, str], tmp_path: Path) -> None:
    plan, workers = ShardedPlan(tmp_path), ThreadWorkers(slots)
    batches = list(plan.ask(workers, shards=5))
    lines = plan.lines()
    assert good_texts(lines) == alone
    assert len(lines) == plan.rows  # each asked for once
    assert len(plan.path.read_bytes().splitlines()) == 1  # the first call goes alone, by the driver
    reported = sum((batch.counts.calls for batch in batches if isinstance(batch, ReportBatch)), 0)
    assert reported == plan.rows - 1
    assert sum((batch.counts.accepted for batch in batches if isinstance(batch, ReportBatch)), 0) > 0
    assert sorted(result.shard for result in workers.results) == list(range(5))
    (by_worker,) = (batch.by_worker for batch in batches if isinstance(batch, ReportBatch) and batch.by_worker)
    (share,) = by_worker.values()  # threads of one process are one worker
    assert (share.shards, share.counts.calls) == (5, reported)
    assert not list(plan.shared.path.glob("plan-*"))  # the cut is removed


def test_a_second_run_asks_nothing_and_begins_no_worker(tmp_path: Path) -> None:
    plan, workers = ShardedPlan(tmp_path, rows=20), ThreadWorkers()
    list(plan.ask(ThreadWorkers(), shards=2))
    assert list(plan.ask(workers, "run-2", shards=2)) == []
    assert workers.results == []


@pytest.mark.whole_run  # it waits for seconds
def test_a_workers_death_loses_no_row_and_pays_for_none_twice(alone: dict[str, str], tmp_path: Path) -> None:
    plan = ShardedPlan(tmp_path, rows=36, generation={"requests_per_minute": 450})
    workers = ThreadWorkers(watch=_killing_once())
    batches = list(plan.ask(workers, shards=3))
    lines = plan.lines()
    assert good_texts(lines).items() <= alone.items()
    reported = sum((batch.counts.calls for batch in batches if isinstance(batch, ReportBatch)), 0)
    assert reported == plan.rows - 1  # what it saved since its last report too
    assert len(lines) == plan.rows  # what the dead worker saved is not asked again
    shards = Counter(path.name[:11] for path in plan.shared.path.glob("shard-*.jsonl"))
    assert max(shards.values()) == 2  # two owners, two files


@pytest.mark.parametrize("at_a_time", cases([4, 20], 2))
def test_a_shard_on_which_every_worker_dies_ends_the_run_in_one_line(at_a_time: int, tmp_path: Path) -> None:
    class Dying(ThreadWorkers):
        begun = 0

        def ended(self, timeout_s: float) -> list[tuple[int, ShardResult | Exception]]:
            return [(shard, LostWorkerError.after(at_a_time)) for shard, _ in super().ended(timeout_s)]

        def submit(self, task: ShardTask) -> None:
            self.begun += 1
            super().submit(task)

    workers = Dying(slots=1)
    with pytest.raises(LostWorkerError, match=r"^20 workers have died on the same part .*Next: [^\n]*$"):
        list(ShardedPlan(tmp_path, rows=3).ask(workers, shards=1))
    assert workers.begun == 20 / at_a_time


@pytest.mark.whole_run  # two runs of a plan, one after the other
def test_another_number_of_shards_asks_nothing_twice(alone: dict[str, str], tmp_path: Path) -> None:
    plan = ShardedPlan(tmp_path, generation=_SLOWLY)
    with pytest.raises(KeyboardInterrupt):
        list(plan.ask(ThreadWorkers(watch=_after(2, _interrupt)), shards=3))
    before = len(plan.lines())
    assert 1 < before < plan.rows
    list(plan.ask(ThreadWorkers(), "run-2", shards=5))
    answered = [line for line in plan.lines() if line.replied]
    assert good_texts(answered) == alone
    assert len(answered) == plan.rows


def test_a_later_run_ends_the_workers_of_an_earlier_one(tmp_path: Path) -> None:
    plan = ShardedPlan(tmp_path, generation=_SLOWLY)
    with pytest.raises(ShardLostError, match="Another run has taken the shards"):
        list(plan.ask(ThreadWorkers(watch=_after(3, lambda: plan.shared.begin("run-2"))), shards=3))


@pytest.mark.whole_run  # two runs of a plan, one after the other
def test_an_error_of_one_worker_ends_all_and_what_is_saved_stays(tmp_path: Path) -> None:
    def fail() -> None:
        raise JournalError("The disk is full. Next: make room")

    plan = ShardedPlan(tmp_path, generation=_SLOWLY)
    with pytest.raises(JournalError, match="The disk is full"):
        list(plan.ask(ThreadWorkers(watch=_after(3, fail)), shards=4))
    assert 1 < len(plan.lines()) < plan.rows
    list(plan.ask(ThreadWorkers(), "run-2", shards=4))
    assert len({line.request_id for line in plan.lines() if line.replied}) == plan.rows


@pytest.mark.whole_run  # two runs of a plan, one after the other
def test_bad_replies_are_asked_again_as_on_one_machine(tmp_path: Path) -> None:
    defects = {"invalid_json": 0.3, "refused": 0.05}
    runs: list[Any] = []
    for name, workers in (("alone", None), ("shards", ThreadWorkers())):
        plan = ShardedPlan(tmp_path / name, defects=defects)
        plan.folder.mkdir()
        list(plan.ask(workers, shards=3))
        lines = [(line.fingerprint, line.attempt, line.raw_text) for line in plan.lines()]
        runs.append(sorted(lines))
    assert runs[0] == runs[1]
    assert max(attempt for _, attempt, _ in runs[0]) > 1


def test_earlier_bad_replies_go_with_their_rows(tmp_path: Path) -> None:
    plan = ShardedPlan(tmp_path, rows=10)
    calls = plan.calls.to_pandas()
    earlier = zip(calls["request_id"], calls["fingerprint"], strict=True)
    write_journal(plan.path, [completion(BAD, request_id=row, fingerprint=own) for row, own in earlier])
    list(plan.ask(ThreadWorkers(), "run-2", shards=2))
    second = [line.attempt for line in plan.lines() if line.run_id == "run-2"]
    assert second == [2] * plan.rows


def test_a_task_that_always_fails_is_paused_on_all_workers(tmp_path: Path) -> None:
    plan = ShardedPlan(tmp_path, rows=200, defects={"refused": 1.0}, generation={"pause_task_after": 5})
    batches: list[Any] = []
    with pytest.raises(Exception, match=r"first 20 replies .* all failed as refused"):
        batches.extend(plan.ask(ThreadWorkers(), shards=4))
    assert not any(isinstance(batch, LastBatch) for batch in batches)
    assert len(plan.lines()) < plan.rows / 2


def test_a_good_reply_to_the_drivers_own_call_shows_that_the_settings_are_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FaultServer
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any-key-will-do")
    server.set_faults(always="schema_violation", after=1)
    plan = ShardedPlan(
        tmp_path,
        rows=24,
        generation={"max_attempts": 1},
        spec=ChatModelSpec(OPENAI_CLASS, {"base_url": server.url}),
        llm=LlmParameters(model="served-1"),
    )
    list(plan.ask(ThreadWorkers(slots=1), shards=1))
    assert len(plan.lines()) == 24
