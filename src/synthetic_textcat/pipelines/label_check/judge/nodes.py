"""Nodes of the judge: the rows to judge, the calls to make, the calls themselves, and verdicts from the journal."""

import inspect
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import FatalAnswerError, TasksFileError
from synthetic_textcat.llm.calls.asking import Asked, pending_calls, policy_for
from synthetic_textcat.llm.calls.budget import Budget
from synthetic_textcat.llm.calls.open_rows import OpenRow, OpenRows, open_rows
from synthetic_textcat.llm.calls.settlement import Settlement, settle
from synthetic_textcat.llm.calls.token_limits import verdict_of_several_tokens, verdict_tokens
from synthetic_textcat.llm.calls.verdict_calls import VerdictCalls
from synthetic_textcat.llm.calls.votes import AnyVote, SetVote, Vote, verdict_judge
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec, as_of_judge
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.prompts.verdict_prompts import VerdictPrompts, VerdictQuestion
from synthetic_textcat.pipelines.label_check.judge.majority import majority, set_majority
from synthetic_textcat.pipelines.label_check.sampling import is_judged
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.label_sets import labels_of
from synthetic_textcat.schemas.label_verdicts import (
    LABEL_VERDICTS,
    NOT_ASKED,
    UNJUDGED_ROWS,
    VERDICT_CALLS,
    is_reserved,
    reserved_labels_fault,
    row_hashes,
)
from synthetic_textcat.schemas.parameters import GenerationParameters, LabelCheckParameters, LlmParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.rows import records_of, to_frame
from synthetic_textcat.schemas.stops import LastBatch, Stops
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.schemas.verdict_replies import VERDICT_OF_SEVERAL
from synthetic_textcat.schemas.writers import judge_note
from synthetic_textcat.tables import FrameTable, RowTable, Spool, filtered, in_plan_order
from synthetic_textcat.text.unicode import replace_surrogates, visible_controls

_ROW = ["request_id", "task_id", "input_text", "label", "labels", "misleading_label"]
_LABELS = ["task_id", "label", "misleading_label"]
_STALE = (
    "The dataset 'verdict_calls' belongs to other rows, another prompt or another judge, and a verdict would be stored "
    "under the wrong call. Next: run `kedro run --pipelines label_check`, which lists the calls again"
)
_WITHOUT_JUDGE = "All rows are kept; `kedro run --pipelines generate` with label_check.share=0 goes on without a judge"

logger = logging.getLogger(__name__)


class SettledVerdicts(NamedTuple):
    """Verdicts, and the rows that were to be judged and have none."""

    label_verdicts: RowTable
    unjudged: RowTable


def on_request(node: Callable[..., Any]) -> Callable[..., Any]:
    """A node of the judge, where the command itself asks for verdicts: a share of 0 counts as all."""
    return _with_share(node, lambda share: share or 1.0)


def on_pilot(node: Callable[..., Any]) -> Callable[..., Any]:
    """A node of the judge for a pilot, of which all rows are judged, or none if no row of the run is to be.

    So a few rows give a price.
    """
    return _with_share(node, lambda share: 1.0 if share else 0.0)


def _with_share(node: Callable[..., Any], share_of: Callable[[float], float]) -> Callable[..., Any]:
    signature = inspect.signature(node)

    @wraps(node)
    def result(*arguments: Any) -> Any:
        bound = signature.bind(*arguments)
        asked: LabelCheckParameters = bound.arguments["label_check"]
        bound.arguments["label_check"] = asked.model_copy(update={"share": share_of(asked.share)})
        return node(*bound.args)

    return result


def prepare_verdict_prompts(
    tasks: pd.DataFrame,
    label_check_prompt: ChatPromptTemplate,
    label_check_of_two_prompt: ChatPromptTemplate,
    label_check_several_prompt: ChatPromptTemplate,
    label_check: LabelCheckParameters,
    seed: int,
) -> VerdictPrompts:
    """Prompt templates bound to the tasks, rendered row by row on demand.

    Raises:
        PromptError: If a prompt can't be filled.
        TasksFileError: If a label of a set is a word that the judge answers in place of a label.
    """
    of_file = tasks_of(tasks[tasks["source"] == "file"])
    if label_check.share and (fault := reserved_labels_fault(of_file)):
        raise TasksFileError(fault)
    templates = label_check_prompt, label_check_of_two_prompt, label_check_several_prompt
    return VerdictPrompts(tasks_of(tasks), *templates, seed)


def plan_verdicts(
    checked_rows: RowTable, requests: RowTable, tasks: pd.DataFrame, label_check: LabelCheckParameters, seed: int
) -> RowTable:
    """Rows to judge: an even sample of those that passed the checks of single rows, near duplicates included.

    Rows with open labels that are words of the judge, or that are alike, can't be asked about.

    Returns:
        Columns request_id, task_id, input_text, label, labels, misleading_label, in plan order.
    """
    if not label_check.share:
        return FrameTable(checked_rows.empty(_ROW))
    by_id = tasks_of(tasks).by_id
    is_asked = [np.empty(0, np.bool_)]
    columns = {"requests": ["replicate"], "checked_rows": [*_LABELS, "reject_reason"]}
    for part in in_plan_order(requests, {"checked_rows": checked_rows}, columns):
        rows, places = part.subsets["checked_rows"]
        replicates = part.planned["replicate"].to_numpy()[places - part.start].tolist()
        sample = is_judged(zip(rows["task_id"].tolist(), replicates, strict=True), label_check.share, seed)
        mask = np.array(sample, np.bool_) & rows["reject_reason"].isna().to_numpy()
        candidates = records_of(rows[_LABELS][mask])
        mask[mask] = [_can_be_asked(row, by_id[row["task_id"]]) for row in candidates]
        is_asked.append(mask)
    return filtered(checked_rows, np.concatenate(is_asked), _ROW)


def list_verdict_calls(
    planned_verdicts: RowTable,
    prompts: VerdictPrompts,
    writer: ChatModelSpec,
    judge: ChatModelSpec,
    llm: LlmParameters,
    label_check: LabelCheckParameters,
) -> RowTable:
    """Fingerprint of the call for each row and vote: columns `VERDICT_CALLS`."""
    calls = Spool(VERDICT_CALLS)
    if not len(planned_verdicts):
        return calls
    fingerprinter = judge_of(writer, judge, llm, label_check).fingerprinter
    for frame in planned_verdicts.frames():
        hashes = dict(zip(frame["request_id"], row_hashes(frame), strict=True))
        own = (
            (
                x.row["request_id"],
                x.vote,
                fingerprinter.of(x.request_id, x.messages, x.schema),
                hashes[x.row["request_id"]],
            )
            for x in prompts.questions(records_of(frame), label_check.votes)
        )
        calls.add(to_frame(own, VERDICT_CALLS))
    return calls


def find_open_verdicts(
    planned_verdicts: RowTable,
    tasks: pd.DataFrame,
    verdict_calls: RowTable,
    journal: Journal,
    generation: GenerationParameters,
    run_id: str,
) -> OpenRows:
    """Votes that the journal does not settle, in plan order, and the judge's spending in this run so far."""
    by_id = tasks_of(tasks).by_id
    return open_rows(
        chain.from_iterable(frame["fingerprint"].tolist() for frame in verdict_calls.frames(["fingerprint"])),
        journal,
        verdict_judge(planned_verdicts, by_id),
        generation.max_attempts,
        spent_by=run_id if generation.is_capped else None,
        run_id=run_id,
    )


def ask_judge(
    planned_verdicts: RowTable,
    tasks: pd.DataFrame,
    prompts: VerdictPrompts,
    still_open: OpenRows,
    retry_prompt: ChatPromptTemplate,
    writer: ChatModelSpec,
    judge: ChatModelSpec,
    llm: LlmParameters,
    label_check: LabelCheckParameters,
    generation: GenerationParameters,
    prices: dict[str, Any],
    completions: Journal,
    brainstorm_completions: Journal,
    run_id: str,
    stops: dict[str, Any],
) -> Iterator[list[Completion]]:
    """Calls the judge for the open votes and yields completions as they arrive, to be appended to its journal.

    The caps of a run count rows and verdicts together. After an outage that stopped rows or tasks, no call is made; if
    an outage stops the judge, the last batch is a `LastBatch` that says so.

    Raises:
        FatalAnswerError: After a fatal answer, once all calls in flight have been yielded.
        PriceListError: If a cap in USD is set that can't be enforced.
        StaleTableError: If the open votes belong to other rows, another prompt or another judge.
    """
    so_far = Stops.read(stops)
    if so_far.outage is not None or not still_open.rows:
        return
    asked = judge_of(writer, judge, llm, label_check)
    if note := judge_note([asked.llm.model]):
        logger.warning(note)
    elif asked.is_same(Asked(writer, llm)):
        logger.warning(
            "The judge is the model that writes (%s): a model agrees with itself more than another would. Next: set "
            "label_check.llm to another model",
            llm.model,
        )
    earlier = chain(brainstorm_completions, completions) if generation.is_capped else ()
    budget = Budget(generation, PriceList.read(prices), llm.model, (x for x in earlier if x.run_id == run_id))
    budget.go_on_with(asked.llm.model, still_open.spent)
    by_id = tasks_of(tasks).by_id
    reading = verdict_judge(planned_verdicts, by_id)
    policy = policy_for(asked, generation, retry_prompt, reading, budget, run_id)
    votes = len(planned_verdicts) * label_check.votes
    by = ", by live calls at their price: batches are for rows" if generation.mode == "batch" else ""
    logger.info("Requesting %d of %d verdicts from %s%s", len(still_open.rows), votes, asked.llm.model, by)
    pending = pending_calls(
        _questions(planned_verdicts, prompts, still_open, label_check.votes),
        asked,
        _tokens,
        not still_open.any_good,
        _STALE,
    )
    try:
        outage = yield from complete(asked.open, pending, policy)
    except FatalAnswerError as error:  # which names the settings of the model that writes
        words = f"The judge {asked.llm.model}: {str(error).rstrip('.')}. {_WITHOUT_JUDGE}"
        raise FatalAnswerError(as_of_judge(words) if asked.is_judge else words) from None
    if outage is not None:
        yield LastBatch(so_far.model_copy(update={"outage": outage}))


def settle_verdicts(
    checked_rows: RowTable, tasks: pd.DataFrame, verdict_calls: RowTable | None, journal: Journal
) -> SettledVerdicts:
    """Verdicts (columns `LABEL_VERDICTS`), and rows to judge that have none (columns `UNJUDGED_ROWS`), in plan order.

    Calls about a row whose text or labels were others then do not count.
    """
    verdicts, unjudged = Spool(LABEL_VERDICTS), Spool(UNJUDGED_ROWS)
    if verdict_calls is None or not len(verdict_calls):
        return SettledVerdicts(verdicts, unjudged)
    by_id = tasks_of(tasks).by_id
    for rows, fingerprints in VerdictCalls(verdict_calls).about(checked_rows):
        judged, left = [], []
        lines = journal.completions(chain.from_iterable(fingerprints))
        reading = verdict_judge(FrameTable(rows), by_id)
        for row, labels, own in zip(records_of(rows[_ROW]), labels_of(rows), fingerprints, strict=True):
            found = [settle(completions, reading) for completions in islice(lines, len(own))]
            votes = [each.value for each in found if each.value is not None]
            if not votes:
                left.append({"request_id": row["request_id"], **_why_unjudged(found)})
                continue
            model = next(each.completion.model_name for each in found if each.value is not None and each.completion)
            counted = _counted(votes, row, labels or (), by_id[row["task_id"]])
            judged.append({"request_id": row["request_id"], **counted, "model_name": replace_surrogates(model)})
        verdicts.add(to_frame(judged, LABEL_VERDICTS))
        unjudged.add(to_frame(left, UNJUDGED_ROWS))
    return SettledVerdicts(verdicts, unjudged)


def _counted(votes: Sequence[AnyVote], row: Mapping[str, Any], labels: Sequence[str], task: Task) -> Mapping[str, Any]:
    """The majority of the votes on a row."""
    if task.task_type == "multi_label":
        of_sets = [vote.labels for vote in votes if isinstance(vote, SetVote)]
        return set_majority(of_sets, task.label_names, labels, row["misleading_label"])
    return majority([vote for vote in votes if isinstance(vote, Vote)], row["label"], row["misleading_label"])


def _tokens(question: VerdictQuestion) -> int:
    """Token limit of the reply to a question."""
    is_of_several = question.schema["name"] == VERDICT_OF_SEVERAL
    return (verdict_of_several_tokens if is_of_several else verdict_tokens)(question.options)


def judge_of(
    writer: ChatModelSpec, judge: ChatModelSpec, llm: LlmParameters, label_check: LabelCheckParameters
) -> Asked:
    """The model that judges: the writer with its settings, or the catalog entry `judge` with `label_check.llm`."""
    if label_check.llm is None:
        return Asked(writer, label_check.judge(llm))
    return Asked(judge, label_check.judge(llm), is_judge=True)


def _questions(
    planned_verdicts: RowTable, prompts: VerdictPrompts, still_open: OpenRows, votes: int
) -> Iterator[tuple[VerdictQuestion, OpenRow]]:
    """The questions of the open votes, lazily, with what the journal has of each."""
    open_votes, wanted = iter(still_open.rows), still_open.positions // votes
    start = done = 0
    for frame in planned_verdicts.frames():
        end = int(np.searchsorted(wanted, start + len(frame)))
        rows = records_of(frame.iloc[wanted[done:end] - start])
        for row, vote in zip(rows, islice(open_votes, end - done), strict=True):
            yield prompts.question(row, vote.position % votes + 1), vote
        start, done = start + len(frame), end


def _can_be_asked(row: Mapping[str, Any], task: Task) -> bool:
    """Whether the options of the row's question differ."""
    if task.task_type == "multi_label":
        return True
    labels = row["label"], row["misleading_label"]
    return labels[0] != labels[1] and not any(map(is_reserved, task.label_names or labels))


def _why_unjudged(found: list[Settlement[AnyVote]]) -> dict[str, str]:
    problem = next((each.problem for each in reversed(found) if each.problem is not None), None)
    if problem is None:
        return {"cause": NOT_ASKED, "detail": ""}
    return {"cause": problem.cause, "detail": visible_controls(problem.detail)}
