"""Collector: journal lines from the result files of a batch, joined by fingerprint only, each once.

Output file and error file are both read, in any order. A line that comes twice counts once, a line of another batch
not at all. A request of a completed batch that is in neither file may be billed: its line has an upper bound in place
of counts. Requests of an expired or cancelled batch that were not worked on get no line; their rows are open.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from synthetic_textcat.errors import BadRequestError, TextcatError, TransportError
from synthetic_textcat.llm.batches.record import SentBatch, SentRow, now
from synthetic_textcat.llm.batches.service import BatchService, BatchState, ResultLine
from synthetic_textcat.llm.chat_models.answers import NO_ANSWER, NOT_WORKED_ON, Answer
from synthetic_textcat.llm.engine.single_call import answer_of_failure
from synthetic_textcat.llm.journal.lines import bounded
from synthetic_textcat.llm.providers.transport_errors import line_of
from synthetic_textcat.redaction import redact
from synthetic_textcat.schemas.completions import REPLIED, Completion

REPLIES, ERRORS, NOT_MADE, LOST = "replies", "errors", "not_made", "lost"
"""Outcomes of a request: counts of the record's last line."""

_CHUNK = 1_000
"""Lines that are saved, and synced to disk, at a time."""


class BatchCollector:
    """Collects one batch, in as many tries as its files take.

    Args:
        service: The provider.
        batch: The batch.
        rows: Its requests by fingerprint.
        saved: Fingerprints of its requests whose line is in the journal, from a run that was cut off.
        run_id: The run that collects, and is charged.
        call_numbers: By fingerprint and attempt, the calls of this run that brought no reply.

    Attributes:
        earlier: Fingerprints of its requests whose line an earlier run has saved.
        counts: Number of requests of this run by outcome.
        final: Fingerprints of requests that must not be sent again in this run, since they would be refused again.
    """

    def __init__(
        self,
        service: BatchService,
        batch: SentBatch,
        rows: Mapping[str, SentRow],
        saved: Collection[str],
        run_id: str,
        call_numbers: Mapping[tuple[str, int], int],
    ) -> None:
        self._service = service
        self._batch = batch
        self._rows = rows
        self.earlier = frozenset(saved) & rows.keys()
        self._seen = set(self.earlier)
        self._not_made: set[str] = set()
        self._run_id = run_id
        self._call_numbers = call_numbers
        self.counts: Counter[str] = Counter({"earlier": len(self.earlier)} if self.earlier else {})
        self.final: set[str] = set()

    @property
    def missing(self) -> list[SentRow]:
        """Requests without a result so far."""
        return [row for fingerprint, row in self._rows.items() if fingerprint not in self._seen]

    @property
    def unanswered(self) -> list[str]:
        """Fingerprints of requests without a journal line."""
        return [row.fingerprint for row in self.missing] + sorted(self._not_made)

    def fetched(self, state: BatchState) -> Iterator[list[Completion]]:
        """Journal lines of the results, in chunks; lines that an earlier try has read are left out.

        Raises:
            MissingResultsError, TransportError, TextcatError: If the files can't be fetched to their end.
        """
        chunk: list[Completion] = []
        lines = self._service.results(state)
        broken: Exception | None = None
        while broken is None:
            try:
                line = next(lines, None)
            except Exception as error:  # noqa: BLE001  raised below, when what has come is saved
                broken = error
                break
            if line is None:
                break
            row = self._rows.get(line.custom_id)
            if row is None or line.custom_id in self._seen:
                continue
            self._seen.add(line.custom_id)
            if not line.was_made:
                self._not_made.add(line.custom_id)
                self.counts[NOT_MADE] += 1
                continue
            chunk.append(self._completion(row, line))
            if len(chunk) >= _CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk
        if broken is not None:
            raise broken

    def lost(self) -> Iterator[list[Completion]]:
        """Journal lines of requests that are in no file although they may have been worked on."""
        rows = self.missing
        for start in range(0, len(rows), _CHUNK):
            yield [self._lost(row) for row in rows[start : start + _CHUNK]]
        self._seen.update(row.fingerprint for row in rows)

    def _lost(self, row: SentRow) -> Completion:
        self.counts[LOST] += 1
        why = TransportError("server_error", f"the results of batch {self._batch.batch_id} lack this request")
        return self._line(row, NO_ANSWER, why)

    def _completion(self, row: SentRow, line: ResultLine) -> Completion:
        try:
            answer = self._service.answer(line)
        except TransportError as error:
            failure = error
        except TextcatError as error:  # it is one request's: the others of the batch may be answered
            failure = TransportError("server_error", str(error), retryable=not isinstance(error, BadRequestError))
            failure.__cause__ = error.__cause__
        except Exception as error:  # noqa: BLE001  one line that can't be read must not cost the others
            failure = TransportError("server_error", f"this line of the results can't be read: {line_of(error)}")
        else:
            self.counts[REPLIES] += 1
            return self._line(row, answer, None)
        self.counts[ERRORS] += 1
        if not failure.retryable:
            self.final.add(row.fingerprint)
        return self._line(row, answer_of_failure(failure) if line.is_billed else NOT_WORKED_ON, failure)

    def _line(self, row: SentRow, answer: Answer, failure: TransportError | None) -> Completion:
        is_counted = None not in (answer.usage.prompt, answer.usage.completion)
        attempt = self._batch.attempt
        return bounded(
            Completion(
                fingerprint=row.fingerprint,
                request_id=row.request_id,
                attempt=attempt,
                call=1 + self._call_numbers.get((row.fingerprint, attempt), 0),
                run_id=self._run_id,
                status=REPLIED if failure is None else failure.cause,
                raw_text=answer.raw_text,
                refusal=answer.refusal,
                finish_reason=answer.finish_reason,
                prompt_tokens=answer.usage.prompt,
                cached_tokens=answer.usage.cached,
                completion_tokens=answer.usage.completion,
                latency_s=0.0,
                model_name=answer.model_name,
                prompt_sha256=row.prompt_sha256,
                error=answer.error if failure is None else redact(str(failure)),
                created_at=now(),
                prompt_tokens_at_most=None if is_counted else row.prompt_at_most,
                completion_tokens_at_most=None if is_counted else row.completion_at_most,
                max_tokens=row.max_tokens,
                batch=self._batch.intent,
            )
        )
