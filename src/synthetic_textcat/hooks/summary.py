"""Run summary: the last lines of a run, with its counts, warnings and the files to open."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol

from synthetic_textcat.console import say
from synthetic_textcat.datasets.stored import shown_place
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.hooks.summary_lines import (
    accuracy_lines,
    batch_lines,
    compare_lines,
    cost_lines,
    counted_lines,
    evaluation_lines,
    labelled_lines,
    quota_lines,
    quote_lines,
    stop_lines,
    timeout_lines,
    verdict_lines,
)
from synthetic_textcat.pipelines.quality_report.concerns import PAUSED, Concern
from synthetic_textcat.pipelines.quality_report.ledger import Ledger
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.outcomes import TOO_LONG, TOO_LONG_ADVICE, TRANSPORT_CAUSES
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.publications import SPLITS
from synthetic_textcat.schemas.quota import Shortfall
from synthetic_textcat.schemas.worker_counts import ReportBatch, WorkerCounts
from synthetic_textcat.schemas.writers import writer_note

_FLAGGED = "flagged/"
_MOST_CONCERNS = 3
_SHOWN = {
    names.BATCH_TABLE,
    names.CONCERNS,
    names.DIFFERENCES,
    names.EVALUATION,
    names.EVALUATION_BY_TASK,
    names.LABEL_ACCURACY,
    names.LABEL_VERDICTS,
    names.LEDGER,
    names.METRICS,
    names.PLAN_REPORT,
    names.PROMPT_PREVIEW,
    names.QUOTE,
    names.SHORTFALL,
    names.SPLIT_REPORT,
    names.STOPPED_BY,
    names.UNJUDGED,
}


class RunSummary:
    """Prints the result of a run in a few lines.

    Args:
        notes: Passes of the command, which are reported together; the run's name in MLflow; its stops.
    """

    def __init__(self, notes: RunNotes) -> None:
        self._notes = notes
        self._catalog: CatalogProtocol[Any, Any] | None = None
        self._saved: dict[str, Any] = {}
        self._calls: int | None = None
        self._timeouts: list[Completion] = []
        self._of_workers = WorkerCounts()
        self._prices: PriceList | None = None
        self._model = ""
        self._journals: set[str] = set()

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keeps the model that writes the texts, and the journals that the run may write."""
        self._model = context.params["llm"].model
        brainstorms = context.params["task_ingest"].num_brainstormed > 0
        verdicts = {names.VERDICT_COMPLETIONS}
        self._journals = {names.COMPLETIONS, *([names.BRAINSTORM_COMPLETIONS] if brainstorms else []), *verdicts}

    @hook_impl
    def before_pipeline_run(self, pipeline: Any, catalog: CatalogProtocol[Any, Any]) -> None:
        """Keeps the catalog, which knows the places of files, and begins to count calls, if this run may make any."""
        self._catalog = catalog
        writes = pipeline.all_outputs() & self._journals
        before = self._calls if self._notes.passes.follows else 0
        self._saved, self._calls = {}, before or 0 if writes else None
        if not self._notes.passes.follows:
            self._timeouts.clear()
            self._of_workers = WorkerCounts()

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Keeps the prices, for calls that no server counted."""
        if dataset_name == names.PRICES:
            self._prices = PriceList.read(data)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Keeps the datasets of the summary, and counts calls."""
        name = names.PLAN_REPORT if dataset_name == names.PREVIEWED_PLAN_REPORT else dataset_name
        if name in _SHOWN:
            self._saved[name] = data
        elif self._calls is not None and dataset_name in names.JOURNALS:
            self._calls += len(data)
            self._timeouts += [completion for completion in data if completion.status == "timeout"]
            if isinstance(data, ReportBatch):
                self._calls += data.counts.calls
                self._of_workers = self._of_workers.plus(data.counts)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Prints the lines, unless another pass follows."""
        if self._notes.passes.goes_on:
            return
        say(self._lines())

    def _lines(self) -> Iterator[str]:
        ledger: Ledger | None = self._saved.get(names.LEDGER)
        if self._calls is None and names.PROMPT_PREVIEW in self._saved:
            yield from ("", *self._saved[names.PROMPT_PREVIEW].splitlines())
        metrics = self._saved.get(names.METRICS, {})
        if ledger is not None:
            yield from _ledger_lines(ledger, metrics)
        yield from self._label_lines(metrics)
        if shortfall := Shortfall.read(self._saved.get(names.SHORTFALL)):
            yield from quota_lines(shortfall)
        plan = self._saved.get(names.PLAN_REPORT, {})
        if repeated := plan.get("plan/repeated_prompts"):
            yield f"prompts   repeated within their task: {repeated} of {plan['plan/rows']}"
            yield "          own attributes or seed examples make them differ"
        if names.QUOTE in self._saved:
            yield from quote_lines(self._saved[names.QUOTE], self._where(names.PRICES) or names.PRICES)
        yield from self._judgement_lines()
        if self._calls is not None:
            yield from self._spent_lines(self._calls)
        note = writer_note([self._model])
        if note and (ledger or self._calls):
            yield from labelled_lines("note", note)
        if ledger is not None:
            yield from _concern_lines(self._saved.get(names.CONCERNS, []))
            yield from self._place_lines({"dataset": names.EXAMPLES, "report": names.QUALITY_REPORT})
        if self._calls is None and names.PROMPT_PREVIEW in self._saved:
            yield from self._place_lines({"preview": names.PROMPT_PREVIEW})
        if splits := self._saved.get(names.SPLIT_REPORT):
            yield _splits_line(splits)
        if name := self._notes.run_name:
            yield f"run       {name}"
        yield "look      `make mlflow` for runs, `make viz` for the pipeline"

    def _label_lines(self, metrics: Mapping[str, float | None]) -> Iterator[str]:
        """The judge's verdicts, and label accuracy by hand."""
        if names.LABEL_VERDICTS in self._saved:
            yield from verdict_lines(self._saved[names.LABEL_VERDICTS], self._saved.get(names.UNJUDGED), metrics)
        if names.LABEL_ACCURACY in self._saved:
            yield from accuracy_lines(self._saved[names.LABEL_ACCURACY])

    def _judgement_lines(self) -> Iterator[str]:
        """The results of `batches`, `compare` and `evaluate`."""
        if names.BATCH_TABLE in self._saved:
            yield from batch_lines(self._saved[names.BATCH_TABLE])
        if names.DIFFERENCES in self._saved:
            yield from compare_lines(self._saved[names.DIFFERENCES], self._where(names.COMPARISON_HTML))
        if names.EVALUATION_BY_TASK in self._saved:
            scores, place = self._saved.get(names.EVALUATION, {}), self._where(names.EVALUATION_BY_TASK)
            yield from evaluation_lines(self._saved[names.EVALUATION_BY_TASK], scores, place)

    def _place_lines(self, datasets: Mapping[str, str]) -> Iterator[str]:
        for line, dataset in datasets.items():
            if place := self._where(dataset):
                yield f"{line:<10}{place}"

    def _where(self, dataset: str) -> str | None:
        return None if self._catalog is None else shown_place(self._catalog.get(dataset))

    def _spent_lines(self, calls: int) -> Iterator[str]:
        is_left = self._notes.stops.in_batches or self._saved.get(names.LEDGER, {}).get("in_batch")
        none = "0 answered in this run" if is_left else "0: the journal has all the answers"
        yield f"calls     {calls} in this run" if calls else f"calls     {none}"
        yield from cost_lines(self._saved.get(names.METRICS, {}))
        yield from timeout_lines(self._timeouts, self._prices, self._model, self._of_workers)
        yield from stop_lines(self._saved.get(names.STOPPED_BY, ""), self._notes.stops)


def _splits_line(splits: Mapping[str, float]) -> str:
    rows = {name: int(splits[f"export/rows_{name}"]) for name in (*SPLITS, "left_out")}
    return "splits    " + ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in rows.items())


def _ledger_lines(ledger: Ledger, metrics: Mapping[str, float | None]) -> Iterator[str]:
    yield ""
    yield f"planned   {ledger['planned']}"
    yield f"accepted  {ledger['accepted']}"
    yield from counted_lines("rejected", ledger["rejected"])
    flagged = {
        name.removeprefix(_FLAGGED): int(rows) for name, rows in metrics.items() if name.startswith(_FLAGGED) and rows
    }
    if flagged:
        yield from counted_lines("flagged", flagged)
    yield from counted_lines("failed", ledger["failed"])
    yield f"not run   {ledger['not_run']}{_in_batch(ledger)}"
    if ledger["surplus"]:
        yield f"surplus   {ledger['surplus']}: good rows beyond the quota, kept aside"
    again = sum(ledger["failed"].get(cause, 0) for cause in TRANSPORT_CAUSES)
    if again or ledger["not_run"] > ledger["in_batch"]:
        yield "          the same command asks again for what brought no reply"
    if ledger["failed"].get(TOO_LONG):
        yield from labelled_lines("too long", f"{ledger['failed'][TOO_LONG]:,} prompts. Next: {TOO_LONG_ADVICE}")


def _in_batch(ledger: Ledger) -> str:
    return f": {ledger['in_batch']} in a batch at the provider" if ledger["in_batch"] else ""


def _concern_lines(concerns: Sequence[Concern]) -> Iterator[str]:
    """Warnings; paused tasks are reported already, and failures by the error that ends the run."""
    concerns = [concern for concern in concerns if concern["parameter"] != PAUSED and concern["level"] != "fail"]
    for concern in concerns[:_MOST_CONCERNS]:
        yield from labelled_lines(concern["level"], concern["says"])
    if len(concerns) > _MOST_CONCERNS:
        yield f"          and {len(concerns) - _MOST_CONCERNS} more: see the report"
