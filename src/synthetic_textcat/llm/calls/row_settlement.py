"""Settlement of all rows of a plan in one pass over the journal, by the same rule as `settlement.settle`.

A million rows are columns here, not records. A reply that is one JSON object with the three texts of a row is read by
orjson; anything else (fences, thoughts, refusals, errors, a text with a known secret) by the parser, with the same
result.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from synthetic_textcat.llm.journal.journal import Journal, LineBatch
from synthetic_textcat.llm.journal.lines import digests_of
from synthetic_textcat.llm.journal.paid_calls import PaidCallsBuilder
from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.redaction import mask
from synthetic_textcat.schemas.completions import LONGEST_LABEL, REPLIED, Problem, Reply
from synthetic_textcat.text.unicode import replace_surrogates, visible_controls

_FIELDS = ("input_text", "label", "misleading_label")
_fields_of = itemgetter(*_FIELDS)
_Texts = tuple[str, str, str]
_JSON_SPACES = " \t\r\n"
_LONGEST_AT_ONCE = 20_000  # characters; the parser reads a longer reply
_LETTERS = pa.large_string()
_FEW = pa.dictionary(pa.int32(), _LETTERS)
_TEXTS = pa.schema(
    {"input_text": _LETTERS, "label": _FEW, "misleading_label": _FEW, "model_name": _FEW, "detail": _FEW}
)
_REPLIES = pa.schema([pa.field("position", pa.int64()), pa.field("attempt", pa.int64()), *_TEXTS])


class RowSettlement(NamedTuple):
    """Results of the rows of a plan.

    Attributes:
        replies: The reply of each row that has a good one, in plan order: `position` of the row, `input_text`, `label`,
            `misleading_label`, `model_name`, and as `detail` the note on how it was read.
        problems: The last problem of each other row with a call, in plan order: `position`, `failure_cause`, `detail`.
        attempts: Number of calls of each row.
        paid_calls: All lines of the journal, columns `PAID_CALLS`.
    """

    replies: pa.Table
    problems: pd.DataFrame
    attempts: NDArray[np.int64]
    paid_calls: pd.DataFrame


def settle_plan(journal: Journal, fingerprints: Collection[str]) -> RowSettlement:
    """The settlement of each row of a plan.

    Args:
        journal: The completions.
        fingerprints: Fingerprint of each row's call.
    """
    rows = _Rows(fingerprints)
    paid_calls = PaidCallsBuilder()
    replies = _Replies()
    problems: dict[int, tuple[int, Problem]] = {}
    attempts = np.zeros(len(fingerprints), np.int64)
    for lines in journal.batches():
        paid_calls.add(lines)
        positions = rows.positions(lines.columns["fingerprint"])
        np.add.at(attempts, positions[positions >= 0], 1)
        for position, attempt, problem in replies.add(lines, positions):
            if position not in problems or problems[position][0] <= attempt:
                problems[position] = attempt, problem
    table = replies.table()
    is_good = np.zeros(len(fingerprints), np.bool_)
    is_good[table["position"].to_numpy()] = True
    failed = [(position, *problems[position][1]) for position in sorted(problems) if not is_good[position]]
    frame = pd.DataFrame(failed, columns=["position", "failure_cause", "detail"])
    return RowSettlement(table, frame.astype({"position": "int64"}), attempts, paid_calls.table())


class _Rows:
    """Position of each row by the fingerprint of its call: 48 bytes a row.

    The first eight bytes are searched, as numbers; the others are compared where these are equal.
    """

    def __init__(self, fingerprints: Iterable[str]) -> None:
        digests = digests_of(fingerprints)
        self._order = np.argsort(digests, kind="stable")
        self._digests = digests[self._order]
        self._begins = _begins_of(self._digests)
        self._most_alike = int(np.unique_counts(self._begins).counts.max(initial=1))

    def positions(self, fingerprints: Iterable[str]) -> NDArray[np.int64]:
        """Position of each call's row; -1 for calls of no row."""
        digests = digests_of(fingerprints)
        found = np.full(len(digests), -1, np.int64)
        if not len(self._digests):
            return found
        first = np.searchsorted(self._begins, _begins_of(digests))
        for step in range(self._most_alike):
            places = np.minimum(first + step, len(self._digests) - 1)
            found = np.where(self._digests[places] == digests, self._order[places], found)
        return found


def _begins_of(digests: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    return digests.view(">u8").reshape(len(digests), -1)[:, 0].astype(np.uint64)


class _Replies:
    """Collects good replies in Arrow's memory, batch by batch."""

    def __init__(self) -> None:
        self._batches: list[pa.RecordBatch] = []

    def add(self, lines: LineBatch, positions: NDArray[np.int64]) -> Iterator[tuple[int, int, Problem]]:
        """Adds the good replies of rows, and yields position, attempt and problem of each other call of a row."""
        names, attempts = lines.columns["model_name"], lines.columns["attempt"]
        wanted = np.flatnonzero(positions >= 0).tolist()
        found, texts = _read_at_once(lines, wanted)
        others = sorted(set(wanted).difference(found)) if len(found) < len(wanted) else ()
        notes: list[str | None] = [None] * len(found)
        valid = {name: name and str(replace_surrogates(name)) for name in set(names)}
        models = [valid[names[line]] for line in found]
        for line in others:
            completion = lines.completion(line)
            result = parse(completion, Reply)
            if isinstance(result, Problem):
                yield int(positions[line]), attempts[line], result
                continue
            found.append(line)
            texts.append((result.input_text, result.label, result.misleading_label))
            models.append(completion.model_name)
            notes.append(result.note or None)
        if found:
            columns = [*zip(*texts, strict=True), models, notes]
            arrays = [pa.array(_all_visible(own), each.type) for own, each in zip(columns, _TEXTS, strict=True)]
            numbers = [pa.array(positions[found]), pa.array([attempts[line] for line in found], pa.int64())]
            self._batches.append(pa.record_batch([*numbers, *arrays], _REPLIES))

    def table(self) -> pa.Table:
        """The first good reply of each row, by attempt, then by time, in plan order."""
        table = pa.Table.from_batches(self._batches, _REPLIES).unify_dictionaries().combine_chunks()
        positions = table["position"].to_numpy()
        order = np.lexsort((table["attempt"].to_numpy(), positions))  # stable: of one attempt the earlier call
        is_first = np.ones(len(order), np.bool_)
        is_first[1:] = np.diff(positions[order]) > 0
        order = order[is_first]
        if len(order) == len(positions) and (np.diff(order) == 1).all():  # as nearly all journals are not
            return table
        return table.take(pa.array(order))


def _read_at_once(lines: LineBatch, wanted: Sequence[int]) -> tuple[list[int], list[_Texts]]:
    """Those of the wanted lines whose reply needs no parser, and the texts of each."""
    columns = lines.columns
    replies, names = columns["raw_text"], columns["model_name"]
    status, refusal, reason = columns["status"], columns["refusal"], columns["finish_reason"]
    likely = [
        line
        for line in wanted
        if status[line] == REPLIED
        and not refusal[line]
        and reason[line] != "content_filter"
        and len(replies[line]) <= _LONGEST_AT_ONCE
        and replies[line].strip(_JSON_SPACES)[:1] == "{"
    ]
    own = [replies[line] for line in likely]
    texts = _texts_of_all(own)
    if texts is None:
        pairs = [(line, found) for line in likely if (found := _texts_of(replies[line])) is not None]
        likely, texts = [line for line, _ in pairs], [found for _, found in pairs]
    said = "\0".join([*own, *{name for name in names if name}, *chain.from_iterable(texts)])
    return (likely, texts) if mask(said) == said else ([], [])


def _texts_of_all(replies: Sequence[str]) -> list[_Texts] | None:
    """The texts of each reply, several times as fast as one by one; None if a reply needs the parser."""
    try:
        values = list(map(orjson.loads, replies))
        texts: list[_Texts] = list(map(_fields_of, values))
    except (ValueError, TypeError, KeyError):
        return None
    if not texts:
        return texts
    written, *labels = zip(*texts, strict=True)
    are_texts = {*map(type, written), *map(type, labels[0]), *map(type, labels[1])} == {str}
    if not are_texts or set(map(len, values)) != {len(_FIELDS)}:
        return None
    return texts if max(max(map(len, own)) for own in labels) <= LONGEST_LABEL else None


def _texts_of(reply: str) -> _Texts | None:
    found = _texts_of_all([reply])
    return None if found is None else found[0]


def _all_visible(texts: Sequence[str | None]) -> Sequence[str | None]:
    """The texts with control characters escaped; nearly always there are none to escape, and one look says so."""
    if " ".join(filter(None, texts)).isprintable():
        return texts
    return [text if text is None or text.isprintable() else visible_controls(text) for text in texts]
