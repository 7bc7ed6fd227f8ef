"""Nodes of the judge: the rows to judge, the calls to make, the calls themselves, and verdicts from the journal."""

import logging
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

import pandas as pd
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import FatalAnswerError, TasksFileError
from synthetic_textcat.llm.calls.asking import Asked, pending_calls, policy_for
from synthetic_textcat.llm.calls.budget import Budget
from synthetic_textcat.llm.calls.open_rows import OpenRows, open_rows
from synthetic_textcat.llm.calls.settlement import Settlement, settle
from synthetic_textcat.llm.calls.token_limits import verdict_tokens
from synthetic_textcat.llm.calls.votes import Vote, verdict_judge
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec, as_of_judge
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.llm.journal.journal import Journal
from synthetic_textcat.llm.prompts.verdict_prompts import VerdictPrompts
from synthetic_textcat.pipelines.label_check.judge.majority import majority
from synthetic_textcat.pipelines.label_check.judge.sampling import is_judged
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.label_verdicts import (
    LABEL_VERDICTS,
    NOT_ASKED,
    UNJUDGED_ROWS,
    VERDICT_CALLS,
    is_reserved,
    reserved_labels_fault,
    row_sha256,
)
from synthetic_textcat.schemas.parameters import GenerationParameters, LabelCheckParameters, LlmParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.rows import plain, records_of, to_frame
from synthetic_textcat.schemas.stops import LastBatch, Stops
from synthetic_textcat.schemas.tasks import tasks_of
from synthetic_textcat.schemas.writers import judge_note
from synthetic_textcat.tables import RowTable
from synthetic_textcat.text.unicode import replace_surrogates, visible_controls

_ROW = ["request_id", "task_id", "input_text", "label", "misleading_label"]
_STALE = (
    "The dataset 'verdict_calls' belongs to other rows, another prompt or another judge, and a verdict would be stored "
    "under the wrong call. Next: run `kedro run --pipelines label_check`, which lists the calls again"
)
_WITHOUT_JUDGE = "All rows are kept; `kedro run --pipelines generate` with label_check.share=0 goes on without a judge"

logger = logging.getLogger(__name__)


class SettledVerdicts(NamedTuple):
    """Verdicts, and the rows that were to be judged and have none."""

    label_verdicts: pd.DataFrame
    unjudged: pd.DataFrame


def share_of_run(label_check: LabelCheckParameters) -> float:
    """Share of the rows that the judge is asked about, as a stage of `generate`."""
    return label_check.share


def share_on_request(label_check: LabelCheckParameters) -> float:
    """Share of the rows, where the command itself asks for the judge: 0 counts as all."""
    return label_check.share or 1.0


def share_of_pilot(label_check: LabelCheckParameters) -> float:
    """Share of the pilot's rows: all, so that a few of them give a price, or none if no row is to be judged."""
    return 1.0 if label_check.share else 0.0


def prepare_verdict_prompts(
    tasks: pd.DataFrame,
    label_check_prompt: ChatPromptTemplate,
    label_check_of_two_prompt: ChatPromptTemplate,
    judged_share: float,
    seed: int,
) -> VerdictPrompts:
    """Prompt templates bound to the tasks, rendered row by row on demand.

    Raises:
        PromptError: If a prompt can't be filled.
        TasksFileError: If a label of a set is a word that the judge answers in place of a label.
    """
    of_file = tasks_of(tasks[tasks["source"] == "file"])
    if judged_share and (fault := reserved_labels_fault(of_file)):
        raise TasksFileError(fault)
    return VerdictPrompts(tasks_of(tasks), label_check_prompt, label_check_of_two_prompt, seed)


def plan_verdicts(
    checked_rows: RowTable, requests: RowTable, tasks: pd.DataFrame, judged_share: float, seed: int
) -> pd.DataFrame:
    """Rows to judge: an even sample of those that passed the checks of single rows, near duplicates included.

    Rows with open labels that are words of the judge, or that are alike, can't be asked about.

    Returns:
        Columns request_id, task_id, input_text, label, misleading_label, in plan order.
    """
    batches = checked_rows.frames([*_ROW, "reject_reason"]) if judged_share else ()
    standing = pd.concat(
        [checked_rows.empty(_ROW), *(rows.loc[rows["reject_reason"].isna(), _ROW] for rows in batches)]
    )
    planned = requests.to_pandas(["request_id", "replicate"]) if len(standing) else requests.empty()
    replicates = dict(zip(plain(planned["request_id"]), plain(planned["replicate"]), strict=True))
    keys = ((row["task_id"], replicates[row["request_id"]]) for row in records_of(standing[["request_id", "task_id"]]))
    sample = standing[is_judged(keys, judged_share, seed)]
    closed = {task.task_id: any(map(is_reserved, task.label_names)) for task in tasks_of(tasks) if task.labels}
    can_be_asked = [_can_be_asked(row, closed.get(row["task_id"])) for row in records_of(sample)]
    return sample[can_be_asked].reset_index(drop=True)


def list_verdict_calls(
    planned_verdicts: pd.DataFrame,
    prompts: VerdictPrompts,
    writer: ChatModelSpec,
    judge: ChatModelSpec,
    llm: LlmParameters,
    label_check: LabelCheckParameters,
) -> pd.DataFrame:
    """Fingerprint of the call for each row and vote: columns `VERDICT_CALLS`."""
    if not len(planned_verdicts):
        return to_frame([], VERDICT_CALLS)
    fingerprinter = judge_of(writer, judge, llm, label_check).fingerprinter
    rows = records_of(planned_verdicts)
    hashes = {
        row["request_id"]: row_sha256(row["input_text"], row["label"], row["misleading_label"])
        for row in records_of(planned_verdicts)
    }
    return to_frame(
        (
            (
                x.row["request_id"],
                x.vote,
                fingerprinter.of(x.request_id, x.messages, x.schema),
                hashes[x.row["request_id"]],
            )
            for x in prompts.questions(rows, label_check.votes)
        ),
        VERDICT_CALLS,
    )


def find_open_verdicts(
    planned_verdicts: pd.DataFrame,
    tasks: pd.DataFrame,
    verdict_calls: pd.DataFrame,
    journal: Journal,
    generation: GenerationParameters,
    label_check: LabelCheckParameters,
    run_id: str,
) -> OpenRows:
    """Votes that the journal does not settle, in plan order, and the judge's spending in this run so far."""
    by_id = {task.task_id: task for task in tasks_of(tasks)}
    return open_rows(
        plain(verdict_calls["fingerprint"]),
        journal,
        verdict_judge(records_of(planned_verdicts), by_id, label_check.votes),
        generation.max_attempts,
        spent_by=run_id if generation.is_capped else None,
        run_id=run_id,
    )


def ask_judge(
    planned_verdicts: pd.DataFrame,
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
    by_id = {task.task_id: task for task in tasks_of(tasks)}
    reading = verdict_judge(records_of(planned_verdicts), by_id, label_check.votes)
    policy = policy_for(asked, generation, retry_prompt, reading, budget, run_id)
    votes = len(planned_verdicts) * label_check.votes
    by = ", by live calls at their price: batches are for rows" if generation.mode == "batch" else ""
    logger.info("Requesting %d of %d verdicts from %s%s", len(still_open.rows), votes, asked.llm.model, by)
    positions = [row.position for row in still_open.rows]
    rows = planned_verdicts.iloc[[position // label_check.votes for position in positions]]
    questions = (
        prompts.question(row, position % label_check.votes + 1)
        for row, position in zip(records_of(rows), positions, strict=True)
    )
    pending = pending_calls(
        zip(questions, still_open.rows, strict=True),
        asked,
        lambda question: verdict_tokens(question.options),
        not still_open.any_good,
        _STALE,
    )
    try:
        outage = yield from complete(lambda: Chat(asked.build(), asked.llm), pending, policy)
    except FatalAnswerError as error:  # which names the settings of the model that writes
        words = f"The judge {asked.llm.model}: {str(error).rstrip('.')}. {_WITHOUT_JUDGE}"
        raise FatalAnswerError(as_of_judge(words) if asked.is_judge else words) from None
    if outage is not None:
        yield LastBatch(so_far.model_copy(update={"outage": outage}))


def settle_verdicts(
    checked_rows: RowTable, tasks: pd.DataFrame, verdict_calls: pd.DataFrame | None, journal: Journal
) -> SettledVerdicts:
    """Verdicts (columns `LABEL_VERDICTS`), and rows to judge that have none (columns `UNJUDGED_ROWS`).

    Calls about a row whose text or labels were others then do not count.
    """
    if verdict_calls is None or not len(verdict_calls):
        return SettledVerdicts(to_frame([], LABEL_VERDICTS), to_frame([], UNJUDGED_ROWS))
    asked_about = checked_rows.where("request_id", verdict_calls["request_id"].unique(), _ROW)
    rows = {row["request_id"]: row for row in records_of(asked_about)}
    calls = [call for call in records_of(verdict_calls) if _is_of(rows.get(call["request_id"]), call["row_sha256"])]
    by_id = {task.task_id: task for task in tasks_of(tasks)}
    own = {call["request_id"]: rows[call["request_id"]] for call in calls}
    reading = verdict_judge(own.values(), by_id, max((call["vote"] for call in calls), default=1))
    settled: dict[str, list[Settlement[Vote]]] = {}
    lines = journal.completions(call["fingerprint"] for call in calls)
    for call, completions in zip(calls, lines, strict=True):
        settled.setdefault(call["request_id"], []).append(settle(completions, reading))
    verdicts, unjudged = [], []
    for request_id, found in settled.items():
        votes = [each.value for each in found if each.value is not None]
        if not votes:
            unjudged.append({"request_id": request_id, **_why_unjudged(found)})
            continue
        row = rows[request_id]
        model = next(each.completion.model_name for each in found if each.value is not None and each.completion)
        counted = majority(votes, row["label"], row["misleading_label"])
        verdicts.append({"request_id": request_id, **counted, "model_name": replace_surrogates(model)})
    return SettledVerdicts(
        pd.DataFrame(verdicts, columns=list(LABEL_VERDICTS)).astype(LABEL_VERDICTS),
        pd.DataFrame(unjudged, columns=list(UNJUDGED_ROWS)).astype(UNJUDGED_ROWS),
    )


def judge_of(
    writer: ChatModelSpec, judge: ChatModelSpec, llm: LlmParameters, label_check: LabelCheckParameters
) -> Asked:
    """The model that judges: the writer with its settings, or the catalog entry `judge` with `label_check.llm`."""
    if label_check.llm is None:
        return Asked(writer, label_check.judge(llm))
    return Asked(judge, label_check.judge(llm), is_judge=True)


def _can_be_asked(row: Mapping[str, Any], set_is_reserved: bool | None) -> bool:
    """Whether the options of the row's question differ; the label set's flag is None for open labels."""
    labels = row["label"], row["misleading_label"]
    is_reserved_word = any(map(is_reserved, labels)) if set_is_reserved is None else set_is_reserved
    return labels[0] != labels[1] and not is_reserved_word


def _is_of(row: dict[str, Any] | None, sha256: str) -> bool:
    return row is not None and row_sha256(row["input_text"], row["label"], row["misleading_label"]) == sha256


def _why_unjudged(found: list[Settlement[Vote]]) -> dict[str, str]:
    problem = next((each.problem for each in reversed(found) if each.problem is not None), None)
    if problem is None:
        return {"cause": NOT_ASKED, "detail": ""}
    return {"cause": problem.cause, "detail": visible_controls(problem.detail)}
