"""Nodes of `generation`."""

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.errors import StaleTableError
from synthetic_textcat.llm.calls import Call, Manner
from synthetic_textcat.llm.chat import Chat
from synthetic_textcat.llm.engine import complete
from synthetic_textcat.llm.fingerprints import Fingerprinter
from synthetic_textcat.llm.journal import Journal
from synthetic_textcat.llm.open_calls import Past, open_rows
from synthetic_textcat.llm.retries import asking_again, judging
from synthetic_textcat.llm.settlement import settle
from synthetic_textcat.llm.spec import ChatModelSpec
from synthetic_textcat.pipelines.generation.prompts import RowPrompts
from synthetic_textcat.pipelines.generation.settled import candidate_of, failure_of
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import GenerationParameters, LlmParameters
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


def generate(
    requests: pd.DataFrame,
    calls: pd.DataFrame,
    tasks: pd.DataFrame,
    closed_prompt: ChatPromptTemplate,
    open_prompt: ChatPromptTemplate,
    retry_prompt: ChatPromptTemplate,
    journal: Journal,
    spec: ChatModelSpec,
    llm: LlmParameters,
    generation: GenerationParameters,
    run_id: str,
) -> Iterator[list[Completion]]:
    """Makes the calls that the journal does not answer; yields completions as they arrive, to be appended to it."""
    prompts = _row_prompts(tasks, closed_prompt, open_prompt)
    fingerprints = fingerprints_of(requests, calls)
    still_open = open_rows(fingerprints, journal, Reply, generation.max_attempts)
    logger.info("%d of %d planned rows to ask %s for", len(still_open), len(requests), llm.model)
    fingerprinter = Fingerprinter(llm, spec.identity)
    pending = (
        _call(row, fingerprints[position], past, prompts, fingerprinter)
        for row, (position, past) in zip(records_of(requests.iloc[list(still_open)]), still_open.items(), strict=True)
    )
    untried = len(still_open) == len(requests)
    manner = Manner(judging(Reply), asking_again(retry_prompt), generation.max_attempts, run_id, untried)
    yield from complete(lambda: Chat(spec.build(llm), llm), pending, manner, generation.max_concurrency)


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


def _call(row: dict[str, Any], fingerprint: str, past: Past, prompts: RowPrompts, fingerprinter: Fingerprinter) -> Call:
    messages, schema = prompts.messages(row), prompts.schema(row["task_id"])
    if fingerprinter.of(row["request_id"], messages, schema) != fingerprint:
        raise StaleTableError(
            "data/03_primary/calls.parquet is of another plan, prompt or model, and an answer would be filed under the "
            "wrong call. Next: run `kedro run --pipelines generation`, which lists the calls anew"
        )
    return Call(row["request_id"], fingerprint, messages, schema, row["seed"], past)
