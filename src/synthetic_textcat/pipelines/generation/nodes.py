"""Nodes of `generation`."""

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.llm.budget import Budget
from synthetic_textcat.llm.calls import Call, Manner
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.engine import complete
from synthetic_textcat.llm.fingerprints import Fingerprinter
from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.open_calls import OpenRow, OpenRows, open_rows
from synthetic_textcat.llm.retries import asking_again, judging
from synthetic_textcat.llm.settlement import settle
from synthetic_textcat.llm.spec import ChatModelSpec
from synthetic_textcat.pipelines.generation.prompts import RowPrompts
from synthetic_textcat.pipelines.generation.settled import candidate_of, failure_of
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.replies import Reply
from synthetic_textcat.schemas.rows import CALLS, EXAMPLES, FAILED, fingerprints_of, records_of, to_frame
from synthetic_textcat.schemas.tasks import tasks_of

logger = logging.getLogger(__name__)


class SettledRows(NamedTuple):
    """The rows that have a result: a candidate each, or a failure each."""

    candidates: pd.DataFrame
    failed: pd.DataFrame


def list_calls(
    requests: pd.DataFrame,
    tasks: pd.DataFrame,
    closed_prompt: ChatPromptTemplate,
    open_prompt: ChatPromptTemplate,
    spec: ChatModelSpec,
    llm: LlmParameters,
) -> pd.DataFrame:
    """Which call answers which planned row: columns `CALLS`, in plan order.

    Raises:
        PromptError: If a prompt can't be filled.
    """
    prompts = _row_prompts(tasks, closed_prompt, open_prompt)
    fingerprinter = Fingerprinter(llm, spec.identity)
    return to_frame(
        (
            (
                row["request_id"],
                fingerprinter.of(row["request_id"], prompts.messages(row), prompts.schema(row["task_id"])),
            )
            for row in records_of(requests)
        ),
        CALLS,
    )


def find_open_rows(
    requests: pd.DataFrame, calls: pd.DataFrame, journal: Journal, generation: GenerationParameters
) -> OpenRows:
    """The planned rows that the journal does not settle, in plan order."""
    return open_rows(fingerprints_of(requests, calls), journal, Reply, generation.max_attempts)


def generate(
    requests: pd.DataFrame,
    still_open: OpenRows,
    tasks: pd.DataFrame,
    closed_prompt: ChatPromptTemplate,
    open_prompt: ChatPromptTemplate,
    retry_prompt: ChatPromptTemplate,
    spec: ChatModelSpec,
    llm: LlmParameters,
    generation: GenerationParameters,
    prices: dict[str, Any],
    brainstorm_completions: Journal,
    run_id: str,
) -> Iterator[list[Completion]]:
    """Asks for the open rows; yields completions as they arrive, to be appended to the journal.

    Raises:
        FatalAnswerError: After a fatal answer, when all that was in flight has been yielded.
        PriceListError: If there is a cap in USD that can't be kept.
        StaleTableError: If the open rows are of another plan, prompt or model.
    """
    prompts = _row_prompts(tasks, closed_prompt, open_prompt)
    spent = (completion for completion in brainstorm_completions if completion.run_id == run_id)
    manner = Manner(
        judge=judging(Reply),
        ask_again=asking_again(retry_prompt),
        limits=generation,
        budget=Budget(generation, PriceList.read(prices), llm.model, spent),
        run_id=run_id,
        untried=not still_open.any_good,
    )
    logger.info("%d of %d planned rows to ask %s for", len(still_open.rows), len(requests), llm.model)
    rows = records_of(requests.iloc[[row.position for row in still_open.rows]])
    fingerprinter = Fingerprinter(llm, spec.identity)
    pending = (
        _call(row, open_row, prompts, fingerprinter) for row, open_row in zip(rows, still_open.rows, strict=True)
    )
    yield from complete(lambda: Chat(spec.build(llm), llm), pending, manner)


def settle_rows(requests: pd.DataFrame, calls: pd.DataFrame, journal: Journal) -> SettledRows:
    """Candidates (columns `EXAMPLES`) and failed rows (columns `FAILED`); a row without a completion is in neither."""
    candidates: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for row, completions in zip(
        records_of(requests), journal.completions(fingerprints_of(requests, calls)), strict=True
    ):
        settlement = settle(completions, Reply)
        if settlement.value is not None and settlement.completion is not None:
            candidates.append(candidate_of(row, settlement.value, settlement.completion))
        elif settlement.problem is not None:
            failed.append(failure_of(row, settlement.problem, attempts=len(completions)))
    return SettledRows(to_frame(candidates, EXAMPLES), to_frame(failed, FAILED))


def _row_prompts(tasks: pd.DataFrame, closed: ChatPromptTemplate, open_: ChatPromptTemplate) -> RowPrompts:
    return RowPrompts(tasks_of(tasks), closed, open_)


def _call(row: dict[str, Any], open_row: OpenRow, prompts: RowPrompts, fingerprinter: Fingerprinter) -> Call:
    messages, schema = prompts.messages(row), prompts.schema(row["task_id"])
    if fingerprinter.of(row["request_id"], messages, schema) != open_row.fingerprint:
        raise StaleTableError(
            "data/03_primary/calls.parquet is of another plan, prompt or model, and an answer would be filed under the "
            "wrong call. Next: run `kedro run --pipelines generation`, which lists the calls anew"
        )
    return Call(row["request_id"], open_row.fingerprint, messages, schema, row["seed"], open_row.past)
