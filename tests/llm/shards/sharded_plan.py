"""A plan of offline rows with its driver's inputs, asked for by workers that are threads of the test."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from synthetic_textcat.datasets import PromptDataset
from synthetic_textcat.hooks.catalog_inputs import RowCheckByPrompts
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.engine.leases import Limits
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.journal.journal_files import journal_files
from synthetic_textcat.llm.journal.lines import completion_line
from synthetic_textcat.llm.shards.fan_out import FanOut
from synthetic_textcat.llm.shards.folder import SharedFolder
from synthetic_textcat.llm.shards.hand_out import Workers
from synthetic_textcat.llm.shards.partition import new_owner
from synthetic_textcat.llm.shards.shard_run import ShardJob, ShardResult, ShardTask, run_shard
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.pipelines.generation.nodes import find_open_rows, generate, list_calls, prepare_prompts
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.open_calls import OpenCalls
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import (
    AttributeSamplingParameters,
    GenerationParameters,
    LlmParameters,
    QualityReportParameters,
)
from synthetic_textcat.schemas.stops import Outage
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.schemas.worker_counts import WorkerCounts
from synthetic_textcat.work_pool import LostWorkerError
from tests.llm.builders import no_batches
from tests.support.model_classes import OFFLINE_CLASS

_PRICES: dict[str, Any] = {
    "as_of": "2026-01-01",
    "usd_per_million_tokens": {OFFLINE_MODEL: {"input": 1.0, "output": 2.0}},
}
_PROMPTS = Path(__file__).parents[3] / "data" / "01_raw" / "prompts"
_SEEDED = {"text": "The box came late.", "label": "complaint"}
_TASKS = (
    Task.model_validate({"task": "Sort mails.", "labels": ["complaint", "praise"], "seed_examples": [_SEEDED]}),
    Task.model_validate({"task": "Sort reviews.", "labels": ["good", "bad", "mixed"]}),
)


class KilledError(BaseException):
    """Ends a worker in the middle, as a kill does: nothing of it is heard again."""


Watch = Callable[[ShardTask, WorkerCounts], None]
"""Called after each save of a worker; may raise `KilledError`."""


class ThreadWorkers:
    """Workers that are threads, without a cluster: each shard has the limits for itself.

    Attributes:
        results: What the driver got.
    """

    def __init__(self, slots: int = 2, watch: Watch = lambda _task, _counts: None) -> None:
        self._slots = slots
        self._watch = watch
        self._job: ShardJob | None = None
        self._pool = ThreadPoolExecutor(slots)
        self._under_way: dict[Future[ShardResult], int] = {}
        self._reports: dict[int, tuple[WorkerCounts, OpenCalls]] = {}
        self.results: list[ShardResult] = []

    def start(self) -> None:
        """Nothing to start."""

    @property
    def slots(self) -> int:
        return self._slots

    def prove(self, spec: ChatModelSpec, llm: LlmParameters, run_id: str, folder: SharedFolder) -> None:  # noqa: ARG002
        folder.prove(run_id)

    def share(self, job: ShardJob, limits: Limits) -> None:  # noqa: ARG002
        self._job = job

    def submit(self, task: ShardTask) -> None:
        self._under_way[self._pool.submit(self._run, task)] = task.shard

    def ended(self, timeout_s: float) -> list[tuple[int, ShardResult | Exception]]:
        done, _ = wait(self._under_way, timeout_s, FIRST_COMPLETED)
        return [(self._under_way.pop(future), self._result(future)) for future in done]

    def reports(self) -> Mapping[int, tuple[WorkerCounts, OpenCalls]]:
        return dict(self._reports)

    @property
    def is_over(self) -> bool:
        return False

    def outage(self) -> Outage | None:
        return None

    def close(self) -> None:
        """Nothing to close."""

    def _run(self, task: ShardTask) -> ShardResult:
        assert self._job is not None
        owner = new_owner(self._job.shards)

        def report(counts: WorkerCounts, open_calls: OpenCalls) -> None:
            self._watch(task, counts)
            self._reports[task.shard] = counts, open_calls

        return run_shard(self._job, task, owner, report)

    def _result(self, future: Future[ShardResult]) -> ShardResult | Exception:
        error = future.exception()
        if isinstance(error, KilledError):
            return LostWorkerError.after(1)
        if error is not None:
            assert isinstance(error, Exception)
            return error
        self.results.append(future.result())
        return future.result()


@dataclass
class ShardedPlan:
    """A plan, and the files of its run.

    Attributes:
        folder: Where the journal is.
        rows: Rows of the plan.
        defects: Faults that the offline model injects.
        generation: Settings of `generation`.
        spec: Recipe of the model.
        llm: Its settings; None for those of the offline model.
    """

    folder: Path
    rows: int = 60
    defects: dict[str, float] = field(default_factory=dict)
    generation: dict[str, Any] = field(default_factory=dict)
    spec: ChatModelSpec = field(default_factory=lambda: ChatModelSpec(OFFLINE_CLASS))
    llm: LlmParameters = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.llm = self.llm or LlmParameters(model=OFFLINE_MODEL, defects=self.defects)
        sampling = AttributeSamplingParameters(num_examples=self.rows, num_seed_examples=1)
        self.tasks = pd.DataFrame([task.to_row("file") for task in _TASKS])
        self.requests = plan_requests(self.tasks, sampling, 42)
        templates = _prompt("closed_labels"), _prompt("open_labels"), _prompt("seed_examples", "PromptTemplate")
        self.prompts = prepare_prompts(self.requests, self.tasks, *templates, sampling)
        self.calls = list_calls(self.requests, self.prompts, self.spec, self.llm)
        self.settings = GenerationParameters.model_validate({"max_concurrency": 4, **self.generation})
        self.path = self.folder / "completions.jsonl"
        self.shared = SharedFolder(self.path.with_suffix(""))

    def journal(self) -> Journal:
        """The journal as it is now."""
        return Journal(*journal_files(self.path))

    def ask(
        self,
        workers: Workers | None,
        run_id: str = "run-1",
        shards: int | None = None,
        base_urls: Sequence[str] = (),
    ) -> Iterator[Any]:
        """Runs the node `generate`, whose completions are appended to the journal; yields its batches."""
        fan_out = None if workers is None else FanOut(workers, self.shared, shards)
        if fan_out is not None:
            fan_out.begin(run_id)
        still_open = find_open_rows(self.requests, self.calls, self.journal(), self.settings, run_id, no_batches())
        check = RowCheckByPrompts(QualityReportParameters(), partial(tuple[str, ...], ()))
        batches = generate(
            self.requests,
            self.tasks,
            self.prompts,
            still_open,
            {},
            _prompt("retry"),
            replace(self.spec, servers=tuple(base_urls)),
            self.llm,
            self.settings,
            _PRICES,
            Journal(),
            run_id,
            check,
            {},
            no_batches(),
            fan_out,
        )
        for batch in batches:
            with self.path.open("ab") as file:
                file.writelines(map(completion_line, batch))
            yield batch

    def lines(self) -> list[Completion]:
        """All journal lines."""
        return list(self.journal())


def good_texts(lines: list[Completion]) -> dict[str, str]:
    """The last text of each row."""
    return {line.request_id: line.raw_text for line in lines}


def wait_for(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    """Waits until something holds."""
    event = threading.Event()
    for _ in range(int(within_s / 0.02)):
        if condition():
            return
        event.wait(0.02)
    raise AssertionError("it did not happen")


def _prompt(name: str, template: str = "ChatPromptTemplate") -> Any:
    dataset: Any = PromptDataset
    return dataset(filepath=str(_PROMPTS / f"{name}.yml"), template=template).load()
