"""Writes the journal of a planned project: a reply for each call, so that the stages after it run without a model.

Texts are those of `made_texts`, faults those of `paid_rows`. Prints one line of JSON.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, tee
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.clients.made_texts import made_texts
from benchmarks.clients.paid_rows import completions, is_plain, reply_of
from benchmarks.clients.replied_line import replied_line
from synthetic_textcat.llm.journal.journal import completion_line

_AT_ONCE = 10_000
_ROW, _CALL, _TEXT = "#" * 20, "@" * 64, "$"
_PLANNED = ["request_id", "language", "label", "misleading_label"]


def make(project: Path) -> int:
    """Writes `completions.jsonl` next to the plan and its calls, and gives its size in bytes."""
    folder = project / "data" / "03_primary"
    template = completion_line(replied_line(request_id=_ROW, fingerprint=_CALL, raw_text=_TEXT)).decode()
    head, middle, tail, end = _cut(template, f'"{_CALL}"', f'"{_ROW}"', f'"{_TEXT}"')
    with (folder / "completions.jsonl").open("wb") as file:
        rows, again = tee(_rows(folder))
        texts = made_texts(language for columns in again for language in columns["language"])
        for columns in rows:
            lines = []
            pairs = zip(columns["label"], columns["misleading_label"], strict=True)
            for row, call, pair in zip(columns["request_id"], columns["fingerprint"], pairs, strict=True):
                text = next(texts)
                if is_plain(call):  # by hand, at a fifth of the cost of a completion
                    said = json.dumps(reply_of(text, pair))
                    lines.append(f'{head}"{call}"{middle}"{row}"{tail}{said}{end}'.encode())
                else:
                    own = replied_line(request_id=row, fingerprint=call)
                    lines += map(completion_line, completions(replace(own, max_tokens=400), text, pair))
            file.writelines(lines)
        return file.tell()


def _rows(folder: Path) -> Iterator[dict[str, list[str]]]:
    """Columns of the plan and its calls, some rows at a time."""
    with pq.ParquetFile(folder / "requests.parquet") as plan, pq.ParquetFile(folder / "calls.parquet") as calls:
        fingerprints = chain.from_iterable(
            batch.to_pydict()["fingerprint"] for batch in calls.iter_batches(_AT_ONCE, columns=["fingerprint"])
        )
        for batch in plan.iter_batches(_AT_ONCE, columns=_PLANNED):
            columns = batch.to_pydict()
            yield {**columns, "fingerprint": [next(fingerprints) for _ in range(batch.num_rows)]}


def _cut(template: str, *marks: str) -> Iterator[str]:
    for mark in marks:
        part, _, template = template.partition(mark)
        yield part
    yield template


if __name__ == "__main__":
    print(json.dumps({"bytes": make(Path(sys.argv[1]))}))
