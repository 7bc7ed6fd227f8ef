"""Summary lines for the terminal: quota, quote, comparison, stops, and money spent."""

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.cells import set_cell_size

from synthetic_textcat.hooks.tally import WIDTH, clock
from synthetic_textcat.pipelines.compare.page import value
from synthetic_textcat.pipelines.evaluate.scoring import FEW_ROWS
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.cost_figures import (
    DATASET,
    PER_ACCEPTED,
    THIS_CONFIGURATION,
    THIS_RUN,
    WORDS,
    Figure,
    cost_text,
)
from synthetic_textcat.schemas.prices import MADE_UP, PriceList, is_made_up, plus, total_of, usd
from synthetic_textcat.schemas.quota import GivenUp, Shortfall, counted, shown
from synthetic_textcat.schemas.stops import HOW_TO_GO_ON, PausedTask, Stops, stop_sentence
from synthetic_textcat.schemas.worker_counts import WorkerCounts
from synthetic_textcat.text.unicode import single_line

if TYPE_CHECKING:
    import pandas as pd

_MOST_GIVEN_UP = 5
_MOST_CAUSES = 2
_MOST_BATCHES = 10
_MOST_TASKS = 5
_MOST_SCORED_TASKS = 20
_MICRO_F1 = {"real/micro_f1": "real", "train/held_out_synthetic_micro_f1": "held-out synthetic"}
_MEASURE_WIDTH = 27
_UNBROKEN = "\N{NO-BREAK SPACE}"


def quote_lines(quote: Mapping[str, float | None], price_list: str) -> Iterator[str]:
    """Estimates for the plan, each with its range, within 80 columns; cost and tokens are of this configuration."""
    yield ""
    pilot = quote["quote/pilot/usd"]
    paid = "" if pilot is None else f", which cost {usd(pilot)}"
    pilot_rows = f"a pilot of {quote['quote/pilot/rows']:,}{paid}"
    if quote["quote/rows/expected"] == quote["quote/planned"]:
        yield f"quote     for {quote['quote/planned']:,} planned rows, from {pilot_rows}"
    else:
        yield f"quote     for a quota of {quote['quote/accepted/expected']:,.0f} rows, from {pilot_rows}"
        yield _line(quote, "rows", "{:,.0f}".format, "planned")
    yield _line(quote, "tokens", "{:,.0f}".format)
    if quote["quote/usd/expected"] is None:
        unknown = quote.get("quote/pilot/unknown_usage")
        why = f"the server did not count {unknown:,} of its calls" if unknown else f"no price in {price_list}"
        yield f"cost      unknown: {why}"
    else:
        yield _line(quote, "usd", usd, "cost")
        if "quote/usd_verdicts/expected" in quote:
            yield f"{_line(quote, 'usd_rows', usd, '')} for rows"
            yield f"{_line(quote, 'usd_verdicts', usd, '')} for verdicts"
        if quote.get("quote/usd_batch/expected") is not None:
            yield f"{_line(quote, 'usd_batch', usd, 'in batch')} within a day"
        yield f"{_line(quote, 'usd_per_accepted', usd, '')} {PER_ACCEPTED}"
        yield from (f"          {MADE_UP}",) if quote.get("quote/usd/made_up") else ()
    yield _line(quote, "seconds", clock, "time")
    yield _line(quote, "accepted", "{:,.0f}".format)
    what = f"tokens and cost of {WORDS[THIS_CONFIGURATION]}, each number with its 95 % range"
    yield from labelled_lines("", f"{what}; `generate` does not ask for the pilot's rows again")


def _line(quote: Mapping[str, float | None], what: str, shown: Callable[[float], str], name: str | None = None) -> str:
    expected, low, high = (quote[f"quote/{what}/{end}"] for end in ("expected", "low", "high"))
    line = f"{what if name is None else name:<10}{'unknown' if expected is None else shown(expected):<14}"
    return line.rstrip() if low is None or high is None else f"{line}{shown(low)} to {shown(high)}"


def quota_lines(shortfall: Shortfall) -> Iterator[str]:
    """Cells that are full, values that were given up, and rows that are short, within 80 columns."""
    each = f", {shortfall.target_accepted:,} rows each" if shortfall.is_even else ""
    rows = f"{shortfall.accepted:,} of {counted(shortfall.wanted, 'row')}"
    filled = f"{shortfall.done:,} of {counted(shortfall.asked, 'cell')} full{each}"
    yield f"quota     {filled}, in {counted(shortfall.rounds, 'round')}"
    if shortfall.missing:
        yield f"          {rows} accepted"
    for own in shortfall.given_up[:_MOST_GIVEN_UP]:
        yield from labelled_lines("given up", _why(own))
    if len(shortfall.given_up) > _MOST_GIVEN_UP:
        yield f"          and {len(shortfall.given_up) - _MOST_GIVEN_UP:,} more: see the report"
    short = [cell.missing - cell.given_up for cell in shortfall.cells if not cell.infeasible]
    if short:
        yield f"short     {counted(sum(short), 'row')} in {counted(len(short), 'cell')}"


def verdict_lines(
    verdicts: pd.DataFrame, unjudged: pd.DataFrame | None, metrics: Mapping[str, float | None]
) -> Iterator[str]:
    """The judge's verdicts, the rows without one, and what the judge cost, within 80 columns; nothing without a judge.

    Args:
        verdicts: Columns `LABEL_VERDICTS`.
        unjudged: Columns `UNJUDGED_ROWS`.
        metrics: Of the run.
    """
    causes: Counter[str] = Counter() if unjudged is None else Counter(unjudged["cause"])
    if not len(verdicts) and not causes:
        return
    undecided = verdicts["verdict"].isna()
    counts = {
        "agreed": int(verdicts["agrees"].sum()),
        "disputed": int((~verdicts["agrees"] & ~undecided).sum()),
        "undecided": int(undecided.sum()),
    }
    yield from counted_lines("judged", {name: rows for name, rows in counts.items() if rows})
    if ambiguous := int(verdicts["ambiguous"].sum()):
        yield f"          ambiguous {ambiguous:,}: the judge accepts the misleading label too"
    if causes:
        yield from counted_lines("unjudged", causes)
    if calls := metrics.get("judge/calls_this_run"):
        cost = metrics.get("judge/usd_this_run")
        tokens = metrics.get("judge/tokens_this_run")
        parts = [f"{calls:,.0f} calls", "tokens unknown" if tokens is None else f"{tokens:,.0f} tokens"]
        made_up = " (made up)" if any(map(is_made_up, verdicts["model_name"].unique())) else ""
        parts += [] if cost is None else [f"{usd(cost)}{made_up}"]
        yield f"judge     {', '.join(parts)} of this run"


def accuracy_lines(found: Mapping[str, float | None]) -> Iterator[str]:
    """Label accuracy with its interval, and its sources, within 80 columns; nothing without a label by hand.

    Args:
        found: Dataset `label_accuracy`.
    """
    ends = [found.get(name) for name in ("label/accuracy", "label/accuracy_low", "label/accuracy_high")]
    if None in ends:
        return
    share, low, high = (f"{end:.1%}" for end in ends)
    yield f"labels    {share} right (95% interval {low} to {high})"
    verdicts = f" and {found['label/verdicts']:,.0f} verdicts" if found["label/verdicts"] else ""
    yield f"          from {found['label/hand_labelled']:,.0f} labels by hand{verdicts}"


def _why(own: GivenUp) -> str:
    causes = ", ".join(f"{name} {rows:,}" for name, rows in list(own.causes.items())[:_MOST_CAUSES])
    wanted = f"{own.accepted:,} of {own.wanted:,} wanted, given up after {counted(own.rounds, 'round')}"
    return f"{shown(own.values)}: {wanted}: {causes}"


def compare_lines(found: Sequence[Mapping[str, Any]], page: str | None) -> Iterator[str]:
    """Measures whose interval excludes zero, within 80 columns, and the place of the page."""
    yield ""
    clear = [row for row in found if row["low"] is not None and (row["low"] > 0 or row["high"] < 0)]
    yield (
        f"{'compare':<30}baseline   candidate  difference lies between"
        if clear
        else "compare   nothing is clearly different"
    )
    for row in clear:
        one, other = (value(row[side], row["unit"]) for side in ("baseline", "candidate"))
        low, high = (value(row[end], row["unit"], signed=True) for end in ("low", "high"))
        name = row["measure"]
        if len(name) > _MEASURE_WIDTH:
            yield f"  {name}"
            name = ""
        yield f"  {name:<{_MEASURE_WIDTH}} {one:<11}{other:<11}{low} and {high}"
        if row["made_up"]:
            yield f"  {'':<27} {MADE_UP}"
    if page:
        yield f"report    {page}"


def evaluation_lines(
    tasks: Sequence[Mapping[str, Any]], metrics: Mapping[str, float | None], place: str | None
) -> Iterator[str]:
    """Scores of each task, those with real rows first, within 80 columns, and the file with all figures.

    Args:
        tasks: As in `evaluate.findings.task_lines`.
        metrics: Of the evaluation.
        place: The file.
    """
    yield ""
    yield f"{'evaluate':<20}{'real':>7}{'trained on':>21}{'on real':>8}{'majority':>9}{'held-out':>15}"
    yield f"{'macro-F1':<20}{'rows':>7}{'synthetic rows':>21}{'rows':>8}{'label':>9}{'synth. (rows)':>15}"
    ordered = sorted(tasks, key=lambda task: not task["real_rows"])
    for task in ordered[:_MOST_SCORED_TASKS]:
        yield (
            f"{set_cell_size(single_line(task['task']), 19)} {_rows(task, 'real'):>7}{_with_interval(task):>21}"
            f"{_score(task['train_on_real_macro_f1']):>8}{_score(task['majority_macro_f1']):>9}"
            f"{_held_out(task):>15}"
        )
    if len(ordered) > _MOST_SCORED_TASKS:
        yield f"          and {len(ordered) - _MOST_SCORED_TASKS} more tasks: see the file"
    for note, count in Counter(task["note"] for task in tasks if task["note"]).items():
        yield from labelled_lines("note", f"{counted(count, 'task')}: {note}")
    if any(task["few_real_rows"] or task["few_held_out_rows"] for task in tasks):
        yield from labelled_lines("?", FEW_ROWS)
    if metrics.get("real/tasks", 0) not in (None, 0, 1):
        yield f"mean      {metrics['real/macro_f1']:.2f} over {metrics['real/tasks']:.0f} tasks, weighted by real rows"
    for name, rows in _MICRO_F1.items():
        if (micro := metrics.get(name)) is not None:
            yield f"micro-F1  {micro:.2f} on {rows} rows, of tasks with several labels a text"
    if not metrics.get("real/rows"):
        yield "          a score on synthetic rows is not an accuracy on real text"
    if place:
        yield f"scores    {place}"


def _with_interval(task: Mapping[str, Any]) -> str:
    if task["low"] is None:
        return _score(task["macro_f1"])
    return f"{task['macro_f1']:.2f} ({task['low']:.2f} to {task['high']:.2f})"


def _held_out(task: Mapping[str, Any]) -> str:
    score = task["held_out_synthetic_macro_f1"]
    return "-" if score is None else f"{score:.2f} ({_rows(task, 'held_out')})"


def _rows(task: Mapping[str, Any], kind: str) -> str:
    """Number of test rows, with a mark where they are too few for a reliable score."""
    return f"{task[f'{kind}_rows']:,}{'?' if task[f'few_{kind}_rows'] else ''}"


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def batch_lines(batches: "pd.DataFrame") -> Iterator[str]:
    """The open batches and the last of the others, the newest last, within 80 columns, and what a cancel costs."""
    yield ""
    if batches.empty:
        yield "batches   none"
        return
    yield f"{'batch':<39} {'state':<12}{'done':>16}{'age':>12}"
    shown = batches[batches["is_open"] | (batches.index >= len(batches) - _MOST_BATCHES)]
    for batch in shown.to_dict("records"):
        name, state = single_line(str(batch["batch"]))[:39], single_line(str(batch["state"]))[:12]
        done = f"{batch['done']:,}/{batch['of']:,}"
        yield f"{name:<39} {state:<12}{done:>16}{clock(batch['age_s']):>12}"
    if len(shown) < len(batches):
        yield f"          and {len(batches) - len(shown):,} more that are collected: see the table"
    stopped = batches[batches["is_cancelled_now"]]
    if not stopped.empty:
        cost = total_of([None if isnan(each) else each for each in stopped["usd_done"]], 0.0)
        said = "an unknown amount" if cost is None else f"about {usd(cost)}"
        line = (
            f"{counted(len(stopped), 'batch')}: {int(stopped['done'].sum()):,} requests are done and billed, {said}. "
        )
        then = "Run `generate` with generation.mode=batch to collect them: the rest is asked again"
        yield from labelled_lines("cancelled", f"{line}{then}")


def stop_lines(stopped_by: str, stops: Stops) -> Iterator[str]:
    """An outage or a cap, and the tasks that are paused, within 80 columns."""
    if sentence := stop_sentence(stopped_by or stops.stopped_by, stops):
        yield from labelled_lines("stopped", f"by {sentence}")
    for task in stops.paused[:_MOST_TASKS]:
        yield from _task_lines(task)
    if len(stops.paused) > _MOST_TASKS:
        yield f"          and {len(stops.paused) - _MOST_TASKS} more tasks: see the report"
    if stops.paused:
        yield from labelled_lines("", f"next: {HOW_TO_GO_ON}")


def _task_lines(task: PausedTask) -> Iterator[str]:
    yield f"paused    {textwrap.shorten(task.task, WIDTH - 10, placeholder=' …')}"
    yield f"          first {task.replies} replies all {task.reason}; {task.not_asked:,} rows not asked for"


def labelled_lines(label: str, text: str) -> list[str]:
    """Text wrapped to the width of a terminal, with a label before its first line."""
    return textwrap.wrap(text, WIDTH, initial_indent=f"{label:<10}", subsequent_indent=" " * 10)


def counted_lines(label: str, by_name: Mapping[str, int]) -> list[str]:
    """Sum of the counts, and each name with its count, within 80 columns; no line ends between the two."""
    names = ", ".join(f"{name}{_UNBROKEN}{rows}" for name, rows in by_name.items())
    lines = labelled_lines(label, f"{sum(by_name.values())}" + (f": {names}" if names else ""))
    return [line.replace(_UNBROKEN, " ") for line in lines]


def cost_lines(metrics: Mapping[str, float | None]) -> Iterator[str]:
    """Cost of this run if it made calls, of this configuration, and of the whole history if it differs; 80 columns.

    Nothing if no metrics were saved, or if no call has a price.
    """
    calls = {figure: metrics.get(f"calls/{figure}") for figure in WORDS}
    figures = [figure for figure in (THIS_RUN, THIS_CONFIGURATION) if calls[figure]]
    figures += [DATASET] if calls[DATASET] != calls[THIS_CONFIGURATION] else []
    texts = [f"{WORDS[figure]}: {text}" for figure in figures if (text := _cost_text(metrics, figure))]
    for place, text in enumerate(texts):
        yield from labelled_lines("" if place else "cost", text)


def timeout_lines(
    timeouts: Sequence[Completion], prices: PriceList | None, model: str, of_workers: WorkerCounts | None = None
) -> Iterator[str]:
    """Number of calls that timed out, and the upper bound of their tokens and cost, within 80 columns.

    Args:
        timeouts: Their journal lines.
        prices: Token prices, if the run read them.
        model: Requested model.
        of_workers: Counts of a cluster's workers, which keep the journal lines of their timeouts.
    """
    unknown = [completion for completion in timeouts if not completion.is_counted]
    others = of_workers or WorkerCounts()
    number = len(timeouts) + others.timeouts
    if not number:
        return
    tokens = total_of((completion.tokens_at_most for completion in unknown), others.timeout_tokens)
    cost = None
    if prices:
        cost = plus(
            total_of((prices.at_most_usd(completion, model) for completion in unknown), 0.0), others.timeout_usd
        )
    bound = "" if tokens is None else f"; the server may bill for up to {tokens:,} tokens"
    bound += f", {usd(cost)}{' (made up)' if is_made_up(model) else ''}" if bound and cost is not None else ""
    advice = "a looping reply ends at llm.max_tokens, a slow server needs a longer timeout in the catalog entry llm"
    yield from labelled_lines("timed out", f"{counted(number, 'call')}{bound}. Next: {advice}")


def _cost_text(metrics: Mapping[str, float | None], figure: Figure) -> str:
    per_row = metrics.get("cost/usd_per_accepted") if figure == THIS_CONFIGURATION else None
    return cost_text(metrics, figure) + ("" if per_row is None else f", {usd(per_row)} {PER_ACCEPTED}")
