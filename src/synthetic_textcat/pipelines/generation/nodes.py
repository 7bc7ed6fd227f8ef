"""Nodes of `generation`: prompts, calls, and the tables `candidates` and `failed`.

Both tables repeat the columns of the plan and add the reply or the failure of each row.
"""

import inspect
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from synthetic_textcat.llm.batches.asking import BatchInputs, ask_in_batches, in_batches_of, without_batches
from synthetic_textcat.llm.batches.record import BatchRecord
from synthetic_textcat.llm.calls.asking import Asked
from synthetic_textcat.llm.calls.first_replies import BadStart
from synthetic_textcat.llm.calls.open_rows import OpenRows, open_rows
from synthetic_textcat.llm.calls.row_judge import row_judge
from synthetic_textcat.llm.calls.row_settlement import PlanSettlement, plain_lines
from synthetic_textcat.llm.calls.settlement import starts_of
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.journal.plan_positions import PlanPositions, with_fingerprints
from synthetic_textcat.llm.prompts.row_prompts import RowPrompts, RowTemplates, advice_on, preview_of, spread
from synthetic_textcat.llm.prompts.verdict_prompts import VerdictPrompts
from synthetic_textcat.llm.shards.fan_out import FanOut
from synthetic_textcat.llm.shards.row_asking import Findings, RowAsking, RowJob
from synthetic_textcat.schemas.completions import Completion, RowCheck
from synthetic_textcat.schemas.label_names import labels_in_set
from synthetic_textcat.schemas.label_sets import LABELS, label_sets, labels_column
from synthetic_textcat.schemas.parameters import (
    AttributeSamplingParameters,
    GenerationParameters,
    LabelCheckParameters,
    LlmParameters,
)
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.rows import (
    CALLS,
    CANDIDATES,
    FAILED,
    own_of,
    plain,
    records_of,
    to_frame,
    with_own,
)
from synthetic_textcat.schemas.stops import LastBatch, PausedTask, Stops
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.tables import RowTable, Spool
from synthetic_textcat.text.unicode import visible_controls

logger = logging.getLogger(__name__)

_SETTLED_AT_ONCE = 10_000  # rows whose replies are sorted at once, some 4 MB: the tables written collect several


class SettledRows(NamedTuple):
    """Rows with a final result, a candidate or a failure for each; and the journal's calls without their texts."""

    candidates: RowTable
    failed: RowTable
    paid_calls: RowTable


def prepare_prompts(
    requests: RowTable,
    tasks: pd.DataFrame,
    closed_prompt: ChatPromptTemplate,
    open_prompt: ChatPromptTemplate,
    seed_examples_prompt: PromptTemplate,
    attribute_sampling: AttributeSamplingParameters,
    several_labels_prompt: ChatPromptTemplate | None = None,
) -> RowPrompts:
    """Prompt templates bound to the plan, rendered row by row on demand.

    Raises:
        PromptError: If a prompt can't be filled.
    """
    templates = RowTemplates(closed_prompt, open_prompt, seed_examples_prompt, several_labels_prompt)
    return RowPrompts(requests, tasks_of(tasks), templates, attribute_sampling.num_seed_examples)


def preview_prompts(
    requests: RowTable,
    prompts: RowPrompts,
    tasks: pd.DataFrame,
    attribute_sampling: AttributeSamplingParameters,
    label_check: LabelCheckParameters,
    label_check_prompt: ChatPromptTemplate,
    label_check_of_two_prompt: ChatPromptTemplate,
    label_check_several_prompt: ChatPromptTemplate,
    seed: int,
) -> str:
    """Preview of some rendered prompts with their planned attributes, as Markdown, and a recommendation if any.

    If rows are to be judged, the judge's question about the first row follows, before its text is written.

    Raises:
        PromptError: If a prompt of the judge can't be filled, and rows are to be judged.
    """
    planned = tasks_of(tasks)
    shown = preview_of(
        prompts.rendered(requests.take(spread(requests))), len(requests), advice_on(planned, attribute_sampling)
    )
    if not label_check.share or not len(requests):
        return shown
    templates = label_check_prompt, label_check_of_two_prompt, label_check_several_prompt
    judge = VerdictPrompts(planned, *templates, seed)
    return shown + judge.preview(next(records_of(requests.head(1))))


def list_calls(requests: RowTable, prompts: RowPrompts, spec: ChatModelSpec, llm: LlmParameters) -> RowTable:
    """Fingerprint of the call for each planned row: columns `CALLS`, in plan order."""
    fingerprinter = Asked(spec, llm).fingerprinter
    calls = Spool(CALLS)
    for planned in requests.frames():
        rendered = prompts.rendered(planned, llm.has_planned_labels)
        own = ((x.request_id, fingerprinter.of(x.request_id, x.messages, x.schema)) for x in rendered)
        calls.add(to_frame(own, CALLS))
    return calls


def find_open_rows(
    requests: RowTable,
    calls: RowTable,
    journal: Journal,
    generation: GenerationParameters,
    run_id: str,
    batch_record: BatchRecord,
) -> OpenRows:
    """Planned rows that the journal does not settle, in plan order, and the spending of this run so far.

    A live run leaves out rows in a batch at the provider, which would be paid for twice.
    """
    fingerprints = chain.from_iterable(own.tolist() for _, own in with_fingerprints(requests, calls))
    found = open_rows(
        fingerprints,
        journal,
        row_judge(requests),
        generation.max_attempts,
        spent_by=run_id if generation.is_capped else None,
        run_id=run_id,
        good_at_once=plain_lines,
    )
    return without_batches(found, batch_record, journal, is_live=generation.mode == "live")


def always_live(node: Callable[..., Any]) -> Callable[..., Any]:
    """A node that asks by live calls of this process: a quote's pilot waits neither for a day nor for a cluster."""
    signature = inspect.signature(node)

    def live(arguments: Sequence[Any]) -> tuple[Any, ...]:
        bound = signature.bind(*arguments)
        if "cluster" in bound.arguments:
            bound.arguments["cluster"] = None
        bound.arguments["generation"] = bound.arguments["generation"].model_copy(update={"mode": "live"})
        return bound.args

    @wraps(node)
    def result(*arguments: Any) -> Any:
        return node(*live(arguments))

    @wraps(node)
    def chunks(*arguments: Any) -> Iterator[Any]:
        yield from node(*live(arguments))

    return chunks if inspect.isgeneratorfunction(node) else result  # Kedro looks at the function, not at its result


def find_earlier_replies(
    requests: RowTable, calls: RowTable, journal: Journal, tasks: pd.DataFrame, row_check: RowCheck
) -> dict[str, BadStart]:
    """First replies of each task in the journal, by task id, so that a paused task stays paused in the next run."""
    return starts_of(requests, calls, journal, tasks_of(tasks), row_check)


def generate(
    requests: RowTable,
    tasks: pd.DataFrame,
    prompts: RowPrompts,
    still_open: OpenRows,
    earlier_replies: dict[str, BadStart],
    retry_prompt: ChatPromptTemplate,
    spec: ChatModelSpec,
    llm: LlmParameters,
    generation: GenerationParameters,
    prices: dict[str, Any],
    brainstorm_completions: Journal,
    run_id: str,
    row_check: RowCheck,
    stops: dict[str, Any],
    batch_record: BatchRecord,
    cluster: FanOut | None = None,
) -> Iterator[list[Completion]]:
    """Asks the model for the open rows and yields completions as they arrive, to be appended to the journal.

    By live calls of this process, by workers that save what they get themselves (`cluster`), or in batches, as
    `generation.mode` says. After an outage, with rows left in batches, with paused tasks, or if another model answered,
    the last chunk is a `LastBatch` that says so. If an outage already stopped brainstorming, no call is made.

    Raises:
        BatchError: If the model has no batches, or a batch can't be sent.
        ClusterError: If the workers of a cluster can't do the work.
        FatalAnswerError: After a fatal answer, once all calls in flight have been yielded.
        PriceListError: If a cap in USD is set that can't be enforced.
        StaleTableError: If the open rows belong to another plan, prompt or model.
    """
    if Stops.read(stops).outage is not None:
        return
    price_list = PriceList.read(prices)
    job = RowJob(spec, llm, generation, retry_prompt, price_list, run_id, tasks_of(tasks), row_check)
    brainstormed = (completion for completion in brainstorm_completions if completion.run_id == run_id)
    spent = chain(brainstormed, still_open.spent)
    asking = RowAsking(job, requests, prompts, still_open, earlier_replies, spent)
    rows = asking.rows
    logger.info("Requesting %d of %d planned rows from %s", len(rows), len(requests), llm.model)
    in_batches = None
    if generation.mode == "batch":
        shared = BatchInputs(asking.policy, still_open, asking.calls, price_list)
        rows = yield from ask_in_batches(spec, llm, batch_record, shared, rows)
        in_batches = in_batches_of(batch_record, spec.server)
    if cluster is None:
        findings = yield from asking.ask(rows)
    else:
        findings = yield from cluster.ask(asking, requests, prompts, earlier_replies)
    paused = tuple(_paused(tasks, findings))
    if findings.outage is not None or in_batches is not None or paused or findings.others:
        all_paused = bool(paused) and {task.task_id for task in paused} >= asking.open_tasks
        answered = {"requested_model": llm.model, "answered_as": findings.others} if findings.others else {}
        yield LastBatch(
            Stops(outage=findings.outage, in_batches=in_batches, paused=paused, all_paused=all_paused, **answered)
        )


def settle_rows(
    requests: RowTable, calls: RowTable, journal: Journal, tasks: pd.DataFrame | None = None
) -> SettledRows:
    """Candidates (columns `CANDIDATES`), failed rows (columns `FAILED`), and paid calls (columns `PAID_CALLS`).

    Candidates hold attributes as planned, and texts and labels as the model wrote them, control characters escaped;
    several labels of a row in spelling and order of the label set in `tasks`. A row without a completion is in neither
    table. Both have the plan's user-defined attributes. The journal is read once, and by no later node: what its lines
    cost is in `paid_calls`.
    """
    orders = {} if tasks is None else tasks_of(tasks).each(lambda task: task.label_names)
    own = own_of(requests)
    settled = PlanSettlement(journal, PlanPositions(requests, calls, _SETTLED_AT_ONCE))
    candidates, failed = Spool(with_own(CANDIDATES, own)), Spool(with_own(FAILED, own))
    for number, planned in enumerate(requests.frames(rows=_SETTLED_AT_ONCE)):
        replies, problems = settled.part(number)
        problems["detail"] = list(map(visible_controls, problems["detail"]))
        problems["attempts"] = settled.attempts[problems["position"]]
        start = settled.starts[number]
        task_ids = planned["task_id"].iloc[replies["position"].to_numpy() - start]
        replies[LABELS] = _label_sets(replies, task_ids, orders)
        candidates.add(_with_results(planned, replies, start))
        failed.add(_with_results(planned, problems, start))
    return SettledRows(candidates, failed, settled.paid_calls)


def _with_results(planned: pd.DataFrame, results: pd.DataFrame, start: int) -> pd.DataFrame:
    """The planned rows that have a result, each with it; `start` is the position of the first of them."""
    has_result = np.zeros(len(planned), np.bool_)
    has_result[results.pop("position").to_numpy() - start] = True
    rows = planned if has_result.all() else planned[has_result].reset_index(drop=True)
    return rows.assign(**{str(name): column for name, column in results.items()})


def _label_sets(
    replies: pd.DataFrame, task_ids: "pd.Series[str]", orders: Mapping[str, tuple[str, ...]]
) -> "pd.Series[Any]":
    """The column `labels`: a label as a set of one; several in spelling and order of the task's label set.

    Args:
        replies: Replies to some rows.
        task_ids: The task of each one's row.
        orders: Label set of each task.
    """
    of_label, has_several = label_sets(replies["label"]), replies[LABELS].notna()
    if not has_several.any():
        return of_label
    said = zip(replies[LABELS], task_ids, has_several, of_label, strict=True)
    return labels_column([labels_in_set(own, orders.get(task, ())) if many else one for own, task, many, one in said])


def _paused(tasks: pd.DataFrame, findings: Findings) -> Iterator[PausedTask]:
    """Paused tasks with rows that were not requested."""
    sentences = dict(zip(plain(tasks["task_id"]), plain(tasks["task"]), strict=True))
    for task_id, start in findings.paused.items():
        if left_out := findings.left_out.get(task_id):
            yield PausedTask(
                task_id=task_id,
                task=sentences[task_id],
                reason=str(start.reason),
                detail=start.detail,
                replies=start.replies,
                not_asked=left_out,
            )
